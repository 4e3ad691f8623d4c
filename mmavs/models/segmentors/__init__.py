"""Segmentors."""

from .avs_segmentor import AVSegmentor

__all__ = ['AVSegmentor']
