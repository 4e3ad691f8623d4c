"""Helpers shared by all parts."""

from .build import build_module

__all__ = ['build_module']
