"""From collated clips to batched, normalised tensors on the device."""

from .avs_data_preprocessor import AVSDataPreprocessor

__all__ = ['AVSDataPreprocessor']
