"""Necks: audio-visual fusion."""

from .base_av_neck import BaseAVNeck
from .tpavi_neck import TPAVINeck

__all__ = ['BaseAVNeck', 'TPAVINeck']
