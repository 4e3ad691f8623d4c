"""Audio files, resampling and the front ends of VGGish and CAVP; plain functions on tensors, no registry."""

from .cavp_mel import cavp_mel
from .log_mel import (
    NUM_BANDS,
    NUM_EXAMPLE_FRAMES,
    SAMPLE_RATE,
    log_mel_spectrogram,
    pad_or_cut_examples,
    vggish_log_mel,
)
from .resample import resample
from .wav import read_wav

__all__ = [
    'NUM_BANDS',
    'NUM_EXAMPLE_FRAMES',
    'SAMPLE_RATE',
    'cavp_mel',
    'log_mel_spectrogram',
    'pad_or_cut_examples',
    'read_wav',
    'resample',
    'vggish_log_mel',
]
