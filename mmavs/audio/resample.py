"""Band-limited resampling by a windowed sinc read from a table, as one matrix product per group of output phases.

The result equals resampy's ``kaiser_best`` (its table look-up with linear interpolation included), which the published
log-mels were made with; other resamplers give visibly different log-mels.

Source: J. O. Smith, "Digital audio resampling"; filter parameters as published by resampy.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class _Filter(NamedTuple):
    """A Kaiser-windowed sinc: zero crossings per wing, table entries per crossing, Kaiser beta, roll-off."""

    num_zeros: int
    num_table: int
    beta: float
    rolloff: float


FILTERS = {
    'kaiser_best': _Filter(50, 8192, 12.984585247040012, 0.9173473712608761),
    # The filter of the same name before resampy 0.3: the published log-mel files and checkpoints date from then.
    'kaiser_best_0.2': _Filter(64, 512, 14.769656459379492, 0.9475937167399596),
}
_GROUP = 40  # output phases per product: wider groups waste multiplications with zeros, narrower ones copy more input
_PERIOD = 160  # smallest number of output samples per row of the product


class _Bank(NamedTuple):
    """Taps of one rate pair: ``L`` outputs per ``M`` inputs; group ``g`` covers the inputs from ``starts[g]`` on."""

    weights: tuple[Tensor, ...]
    starts: tuple[int, ...]
    num_out: int
    num_in: int
    margin: int


def resample(waveform: Tensor, sample_rate: int, new_sample_rate: int, filter_name: str = 'kaiser_best') -> Tensor:
    """Resample along the last axis.

    Args:
        waveform: ``(..., n)`` float32 or float64.
        sample_rate: Rate of ``waveform`` in Hz.
        new_sample_rate: Rate of the result in Hz.
        filter_name: ``'kaiser_best'``, or ``'kaiser_best_0.2'`` for the filter of resampy 0.2.

    Returns:
        ``(..., floor(n * new_sample_rate / sample_rate))``, same dtype.

    Raises:
        ValueError: A rate that is not a positive integer, an unknown filter, or a waveform too short for one output sample.
    """
    for name, rate in (('sample_rate', sample_rate), ('new_sample_rate', new_sample_rate)):
        if rate != int(rate) or rate <= 0:
            raise ValueError(f'{name} must be a positive integer in Hz, got {rate!r}')
    if filter_name not in FILTERS:
        raise ValueError(f'filter_name must be one of {sorted(FILTERS)}, got {filter_name!r}')
    if sample_rate == new_sample_rate:
        return waveform
    length = waveform.shape[-1] * int(new_sample_rate) // int(sample_rate)
    if length < 1:
        raise ValueError(
            f'{waveform.shape[-1]} samples at {sample_rate} Hz are too few for one sample at {new_sample_rate} Hz'
        )
    bank = _bank(int(sample_rate), int(new_sample_rate), filter_name, waveform.dtype)
    rows = -(-length // bank.num_out)
    flat = waveform.reshape(-1, waveform.shape[-1])
    reach = (rows - 1) * bank.num_in + max(
        start + weight.shape[0] for start, weight in zip(bank.starts, bank.weights, strict=True)
    )
    right = max(0, reach - bank.margin - flat.shape[1])
    padded = torch.nn.functional.pad(flat, (bank.margin, right))
    out = padded.new_empty(flat.shape[0], rows, bank.num_out)
    first = 0
    for weight, start in zip(bank.weights, bank.starts, strict=True):
        windows = padded[:, start:].unfold(1, weight.shape[0], bank.num_in)[:, :rows]
        out[..., first : first + weight.shape[1]] = windows @ weight
        first += weight.shape[1]
    return out.reshape(flat.shape[0], -1)[:, :length].reshape(*waveform.shape[:-1], length)


@lru_cache(maxsize=2)
def _half_window(spec: _Filter) -> np.ndarray:
    """Right wing of the impulse response, ``(num_zeros * num_table + 1,)`` float64."""
    length = spec.num_zeros * spec.num_table
    taper = np.kaiser(2 * length + 1, spec.beta)[length:]
    return spec.rolloff * np.sinc(spec.rolloff * np.linspace(0, spec.num_zeros, length + 1)) * taper


@lru_cache(maxsize=8)
def _bank(rate_in: int, rate_out: int, filter_name: str, dtype: torch.dtype) -> _Bank:
    spec = FILTERS[filter_name]
    divisor = math.gcd(rate_in, rate_out)
    periods = -(-_PERIOD * divisor // rate_out)
    num_out, num_in = rate_out // divisor * periods, rate_in // divisor * periods
    ratio = rate_out / rate_in
    scale = min(1.0, ratio)
    step = int(scale * spec.num_table)
    window = scale * _half_window(spec)
    slope = np.diff(window, append=window[-1])
    max_taps = len(window) // step + 1

    def wing(position: np.ndarray) -> np.ndarray:
        # ``position`` (phases,) in table entries; result (phases, max_taps), zero behind the last tap
        offset = position.astype(np.int64)
        index = offset[:, None] + np.arange(max_taps) * step
        inside = np.arange(max_taps) < ((len(window) - offset) // step)[:, None]
        index = np.where(inside, index, 0)
        return np.where(inside, window[index] + (position - offset)[:, None] * slope[index], 0.0)

    time = np.arange(num_out) * (1.0 / ratio)
    sample = time.astype(np.int64)
    fraction = scale * (time - sample)
    left, right = wing(fraction * spec.num_table), wing((scale - fraction) * spec.num_table)
    taps = np.concatenate([left[:, ::-1], right], axis=1)  # input sample - max_taps + 1 ... sample + max_taps
    weights, starts = [], []
    for first in range(0, num_out, _GROUP):
        members = sample[first : first + _GROUP]
        weight = np.zeros((members[-1] - members[0] + 2 * max_taps, len(members)))
        for column, shift in enumerate(members - members[0]):
            weight[shift : shift + 2 * max_taps, column] = taps[first + column]
        weights.append(torch.from_numpy(weight).to(dtype))
        starts.append(int(members[0]))
    return _Bank(tuple(weights), tuple(starts), num_out, num_in, max_taps - 1)
