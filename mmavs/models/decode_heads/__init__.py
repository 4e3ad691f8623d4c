"""Decode heads."""

from .avsegformer_head import AVSegFormerHead
from .base_avs_head import BaseAVSHead
from .tpavi_head import TPAVIHead

__all__ = ['AVSegFormerHead', 'BaseAVSHead', 'TPAVIHead']
