"""AVStamps: an audio-visual segmentation benchmark composed on the user's machine."""

from .build import build_benchmark

__all__ = ['build_benchmark']
