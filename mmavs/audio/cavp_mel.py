"""The mel front end of CAVP.

Source: CAVP (cyh-0): 16 kHz, windows of 25 ms every 10 ms about their centre, 64 HTK bands between 125 and 3800 Hz that are
triangles in Hz, power spectrum, decibels as of amplitudes, divided by 100.
"""

from functools import lru_cache

import torch
from torch import Tensor

from .log_mel import NUM_BANDS, SAMPLE_RATE

NUM_ROWS = 300  # of 10 ms, what is kept of 3 s
_WINDOW, _HOP, _FFT = 400, 160, 512  # samples
_MEL_RANGE = (125.0, 3800.0)  # Hz
_FLOOR = 1e-5
_DECIBELS = 100.0  # the range -100..100 becomes -1..1


@lru_cache(maxsize=4)
def _bands(dtype: torch.dtype) -> Tensor:
    """Weights ``(257, 64)``; the lowest triangles are narrower than a bin, some of them meet none and stay empty."""
    low, high = (2595.0 * torch.log10(1 + torch.tensor(f, dtype=torch.float64) / 700.0) for f in _MEL_RANGE)
    edges = torch.linspace(float(low), float(high), NUM_BANDS + 2, dtype=torch.float64)
    edges = 700.0 * (10 ** (edges / 2595.0) - 1)
    bins = torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1, dtype=torch.float64)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return torch.minimum(rise, fall).clamp_min_(0).to(dtype)


def cavp_mel(waveform: Tensor, num_rows: int = NUM_ROWS) -> Tensor:
    """Compute the mel spectrogram that CAVP feeds to its audio network.

    Args:
        waveform: ``(..., n)`` float at 16 kHz, full scale 1.
        num_rows: Rows to keep, of ``1 + n // 160``.

    Returns:
        ``(..., num_rows, 64)``, same dtype; ``-1`` for silence.

    Raises:
        TypeError: An integer waveform: its full scale is not known here.
        ValueError: A waveform too short for ``num_rows``.
    """
    if not waveform.is_floating_point():
        raise TypeError(
            f'waveform must be floating point with full scale 1, got {waveform.dtype}; divide 16 bit by 32768'
        )
    rows = 1 + waveform.shape[-1] // _HOP
    if not 1 <= num_rows <= rows or waveform.shape[-1] <= _FFT // 2:
        raise ValueError(
            f'a waveform of {waveform.shape[-1]} samples gives {rows} rows (and needs more than {_FFT // 2} samples), '
            f'num_rows is {num_rows}'
        )
    window = torch.hann_window(_WINDOW, dtype=waveform.dtype, device=waveform.device)
    flat = waveform.reshape(-1, waveform.shape[-1])
    spectrum = torch.stft(
        flat, _FFT, _HOP, _WINDOW, window, center=True, pad_mode='reflect', return_complex=True
    )[..., :num_rows]  # fmt: skip
    power = torch.view_as_real(spectrum).square().sum(-1).transpose(1, 2)
    mel = power @ _bands(waveform.dtype).to(waveform.device)
    decibels = 20.0 * mel.clamp_min(_FLOOR).log10()
    return (decibels / _DECIBELS).reshape(*waveform.shape[:-1], num_rows, NUM_BANDS)
