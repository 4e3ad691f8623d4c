"""Metrics: formulas in ``functional``, registered shells in ``metrics``."""

from . import metrics

__all__ = ['metrics']
