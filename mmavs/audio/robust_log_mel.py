"""The log-mel front end of the negatives of AVSBench-Robust; it is not that of VGGish, which its positives have.

Source: ``dataset_generation/audio_processing.py`` of jiali-home/AVSBench-Robust, which calls librosa with its defaults:
22.05 kHz, windows of 1024 samples every 512, centred with zeros, periodic Hann, power, 64 Slaney bands up to 11025 Hz,
decibels of at most 80 below the maximum; then each second is brought to mean 0 and deviation 1 and padded with zeros to
96 rows.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from .log_mel import NUM_BANDS, NUM_EXAMPLE_FRAMES

ROBUST_SAMPLE_RATE = 22050  # Hz
NOISE_SAMPLE_RATE = 44100  # Hz, of the published noise files
_FFT, _HOP = 1024, 512  # samples
_POWER_FLOOR, _RANGE_DB = 1e-10, 80.0
# librosa resamples with soxr at high quality; its pass band, read off its response, and the depth of its stop band. The slope
# in between is seen in the log-mel of noise, so the filter of the other front end would not do.
_PASS_BAND, _STOP_DB = 0.9136, 126.0
_LINEAR_END, _HERTZ_PER_MEL, _LOG_STEP = 1000.0, 200.0 / 3, np.log(6.4) / 27  # the scale of Slaney


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    first = _LINEAR_END / _HERTZ_PER_MEL
    return np.where(mel < first, mel * _HERTZ_PER_MEL, _LINEAR_END * np.exp(_LOG_STEP * np.maximum(mel - first, 0)))


@lru_cache(maxsize=1)
def _slaney_matrix() -> Tensor:
    """Weights ``(513, 64)`` float64: triangles in Hz of equal area."""
    top = _LINEAR_END / _HERTZ_PER_MEL + np.log(ROBUST_SAMPLE_RATE / 2 / _LINEAR_END) / _LOG_STEP
    edges = _mel_to_hertz(np.linspace(0, top, NUM_BANDS + 2))
    bins = np.linspace(0, ROBUST_SAMPLE_RATE / 2, _FFT // 2 + 1)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return torch.from_numpy(weights * 2 / (high - low))


@lru_cache(maxsize=4)
def _filter(sample_rate: int) -> tuple[int, int, np.ndarray]:
    """Factors up and down to 22.05 kHz and a linear-phase low-pass between them."""
    divisor = math.gcd(sample_rate, ROBUST_SAMPLE_RATE)
    up, down = ROBUST_SAMPLE_RATE // divisor, sample_rate // divisor
    largest = max(up, down)
    length, beta = signal.kaiserord(_STOP_DB, (1 - _PASS_BAND) / largest)
    return up, down, signal.firwin(length | 1, (1 + _PASS_BAND) / 2 / largest, window=('kaiser', beta))


def robust_log_mel(waveform: np.ndarray | Tensor, sample_rate: int, num_seconds: int) -> Tensor:
    """Compute the log-mel that AVSBench-Robust gives a negative.

    Args:
        waveform: ``(channels, n)`` float, full scale 1; cut to ``num_seconds`` or padded with zeros.
        sample_rate: In Hz.
        num_seconds: Examples wanted (5 in the publication).

    Returns:
        ``(num_seconds, 1, 96, 64)`` float32: 44 rows of spectrogram, then zeros. Digital silence is a block of -100, since a
        deviation of 0 is not normalised.

    Raises:
        ValueError: A waveform of another shape or without samples, or fewer than one second asked for.
    """
    waveform = torch.as_tensor(waveform)
    if waveform.dim() != 2 or not waveform.numel() or num_seconds < 1:
        raise ValueError(
            f'waveform must be (channels, samples) and not empty, got {tuple(waveform.shape)}; num_seconds must be positive, '
            f'got {num_seconds}'
        )
    mono = waveform.double().mean(0)[: num_seconds * sample_rate]
    length = num_seconds * ROBUST_SAMPLE_RATE
    if sample_rate != ROBUST_SAMPLE_RATE:
        up, down, low_pass = _filter(sample_rate)
        mono = torch.from_numpy(signal.resample_poly(mono.numpy(), up, down, window=low_pass))[:length]
    seconds = torch.nn.functional.pad(mono, (0, length - len(mono))).view(num_seconds, ROBUST_SAMPLE_RATE)
    window = torch.hann_window(_FFT, periodic=True, dtype=seconds.dtype)
    spectrum = torch.stft(seconds, _FFT, _HOP, window=window, pad_mode='constant', return_complex=True)
    power = torch.view_as_real(spectrum).square().sum(-1).transpose(1, 2) @ _slaney_matrix()  # (seconds, 44, 64)
    decibels = 10 * power.clamp_min(_POWER_FLOOR).log10()
    decibels = torch.maximum(decibels, decibels.amax((1, 2), keepdim=True) - _RANGE_DB)
    deviation, mean = torch.std_mean(decibels, dim=(1, 2), correction=0, keepdim=True)
    # a constant block has no deviation but that of rounding
    constant = decibels.amax((1, 2), keepdim=True) == decibels.amin((1, 2), keepdim=True)
    rows = torch.where(constant, decibels, (decibels - mean) / deviation.clamp_min(_POWER_FLOOR))
    padded = torch.nn.functional.pad(rows, (0, 0, 0, NUM_EXAMPLE_FRAMES - rows.shape[1]))
    return padded.unsqueeze(1).float()


def robust_noise(num_seconds: int, generator: np.random.Generator) -> np.ndarray:
    """Draw the noise of AVSBench-Robust: uniform float64 noise whose bytes are read as 16-bit samples.

    A float64 makes four samples, so the published files last 20 s, of which the first 5 are used; only these are drawn.

    Args:
        num_seconds: Length.
        generator: Source of the noise.

    Returns:
        ``(1, num_seconds * 44100)`` float32, full scale 1.
    """
    length = num_seconds * NOISE_SAMPLE_RATE
    samples = generator.uniform(-1, 1, -(-length // 4)).astype('<f8').view('<i2')[:length]
    return (samples[None] / 32768).astype(np.float32)
