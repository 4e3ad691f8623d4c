"""Audio files, resampling and the VGGish front end; plain functions on tensors, no registry."""

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
    'log_mel_spectrogram',
    'pad_or_cut_examples',
    'read_wav',
    'resample',
    'vggish_log_mel',
]
