"""Modules that link the frames of a clip."""

from .base_temporal import BaseTemporal
from .identity import IdentityTemporal

__all__ = ['BaseTemporal', 'IdentityTemporal']
