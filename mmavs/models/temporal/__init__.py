"""Modules that link the frames of a clip."""

from .base_temporal import BaseTemporal
from .identity import IdentityTemporal
from .temporal_attn import TemporalAttn

__all__ = ['BaseTemporal', 'IdentityTemporal', 'TemporalAttn']
