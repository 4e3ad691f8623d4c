"""Decode heads."""

from .base_avs_head import BaseAVSHead
from .tpavi_head import TPAVIHead

__all__ = ['BaseAVSHead', 'TPAVIHead']
