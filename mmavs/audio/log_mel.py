"""The log-mel front end of VGGish.

Source: the official VGGish front end as shipped with AVSBench (16 kHz, windows of 25 ms every 10 ms, 64 HTK bands
between 125 and 7500 Hz, natural logarithm of the mel magnitude plus 0.01, examples of 96 windows without overlap).
"""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .resample import resample

SAMPLE_RATE = 16000  # Hz
NUM_BANDS = 64
NUM_EXAMPLE_FRAMES = 96  # spectrogram rows per example: 0.96 s, not 1 s
LOG_OFFSET = 0.01
_WINDOW, _HOP, _FFT = 400, 160, 512  # samples
_MEL_RANGE = (125.0, 7500.0)  # Hz


def _hertz_to_mel(frequency: float | np.ndarray) -> float | np.ndarray:
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)


@lru_cache(maxsize=4)
def _mel_matrix(dtype: torch.dtype) -> tuple[int, Tensor]:
    """First FFT bin in use and the weights ``(bins, 64)`` from there on: triangles that are linear in mel, not in Hz."""
    bins = _hertz_to_mel(np.arange(_FFT // 2 + 1) * SAMPLE_RATE / _FFT)[:, None]
    edges = np.linspace(*_hertz_to_mel(_MEL_RANGE), NUM_BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    weights[0] = 0.0
    used = np.flatnonzero(weights.any(1))
    return int(used[0]), torch.from_numpy(weights[used[0] : used[-1] + 1]).to(dtype)


@lru_cache(maxsize=4)
def _window(dtype: torch.dtype) -> Tensor:
    return torch.hann_window(_WINDOW, periodic=True, dtype=torch.float64).to(dtype)


def log_mel_spectrogram(waveform: Tensor) -> Tensor:
    """Log-mel spectrogram of a 16 kHz mono waveform.

    Args:
        waveform: ``(n,)`` float, full scale 1, ``n >= 400``; nothing is padded and an incomplete window is dropped.

    Returns:
        ``(1 + (n - 400) // 160, 64)``, same dtype; ``log(0.01)`` for digital silence.
    """
    first, mel = _mel_matrix(waveform.dtype)
    frames = waveform.unfold(0, _WINDOW, _HOP) * _window(waveform.dtype)
    spectrum = torch.view_as_real(torch.fft.rfft(frames, n=_FFT)[:, first : first + mel.shape[0]])
    magnitude = spectrum.square().sum(-1).sqrt_()
    return (magnitude @ mel).add_(LOG_OFFSET).log_()


def vggish_log_mel(
    waveform: np.ndarray | Tensor,
    sample_rate: int,
    filter_name: str = 'kaiser_best',
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Compute the VGGish examples of a waveform.

    Channels are averaged before resampling, as the official code does.

    Args:
        waveform: ``(channels, n)`` or ``(n,)`` float, full scale 1.
        sample_rate: In Hz; anything but 16000 is resampled.
        filter_name: See :func:`mmavs.audio.resample`.
        dtype: Precision of the computation. float32 stays within 1e-5 (relative L2) of float64 and is twice as fast.

    Returns:
        ``(examples, 1, 96, 64)`` float32; an example lasts 0.96 s, and an incomplete last one is dropped.

    Raises:
        ValueError: A waveform of another shape, or without any sample.
        TypeError: An integer waveform: its full scale is not known here.
    """
    waveform = torch.as_tensor(waveform)
    if not waveform.is_floating_point():
        raise TypeError(
            f'waveform must be floating point with full scale 1, got {waveform.dtype}; divide 16 bit by 32768'
        )
    if waveform.dim() not in (1, 2) or not waveform.numel():
        raise ValueError(
            f'waveform must be (channels, samples) or (samples,) and not empty, got {tuple(waveform.shape)}'
        )
    waveform = waveform.to(dtype)
    if waveform.dim() == 2:
        waveform = waveform.mean(0)
    waveform = resample(waveform, sample_rate, SAMPLE_RATE, filter_name)
    num_rows = max(0, 1 + (len(waveform) - _WINDOW) // _HOP)
    num_examples = num_rows // NUM_EXAMPLE_FRAMES
    shape = (num_examples, 1, NUM_EXAMPLE_FRAMES, NUM_BANDS)
    if not num_examples:
        return torch.empty(shape)
    needed = (num_examples * NUM_EXAMPLE_FRAMES - 1) * _HOP + _WINDOW
    return log_mel_spectrogram(waveform[:needed]).reshape(shape).float()


def min_duration(num_examples: int) -> float:
    """Shortest waveform in seconds that gives ``num_examples`` examples."""
    return ((num_examples * NUM_EXAMPLE_FRAMES - 1) * _HOP + _WINDOW) / SAMPLE_RATE


def pad_or_cut_examples(log_mel: Tensor, num: int, mode: str = 'repeat_last') -> Tensor:
    """Bring examples to a number by the official rules.

    Args:
        log_mel: ``(n, 1, 96, 64)``.
        num: Number of examples wanted. Surplus ones at the end are dropped in either mode.
        mode: ``'repeat_last'`` (AVSBench S4 and MS3) or ``'zeros'`` (AVSBench-semantic; zeros, not the log of silence).

    Returns:
        ``(num, 1, 96, 64)``.

    Raises:
        ValueError: An unknown mode, or no example at all to repeat.
    """
    if mode not in ('repeat_last', 'zeros'):
        raise ValueError(f"mode must be 'repeat_last' or 'zeros', got {mode!r}")
    missing = num - log_mel.shape[0]
    if missing <= 0:
        return log_mel[:num]
    if mode == 'zeros':
        return torch.cat([log_mel, log_mel.new_zeros(missing, *log_mel.shape[1:])])
    if not log_mel.shape[0]:
        raise ValueError(f'no example to repeat: the audio is shorter than {math.ceil(min_duration(1) * 1e3)} ms')
    return torch.cat([log_mel, log_mel[-1:].expand(missing, *log_mel.shape[1:])])
