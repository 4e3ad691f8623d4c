"""Pixel decoders: merge the fused maps of all stages before the frames of a clip are linked."""

from .base_pixel_decoder import BasePixelDecoder
from .fpn_pixel_decoder import FPNPixelDecoder
from .identity import IdentityPixelDecoder
from .mlp_pixel_decoder import MLPPixelDecoder

__all__ = ['BasePixelDecoder', 'FPNPixelDecoder', 'IdentityPixelDecoder', 'MLPPixelDecoder']
