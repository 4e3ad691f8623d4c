"""Layers that several published methods share."""

from .context import DilatedContext, build_context
from .deformable_attention import (
    DeformableEncoderLayer,
    LevelGeometry,
    MultiScaleDeformableAttention,
    multi_scale_deformable_attention,
)
from .initialization import xavier_uniform_weights
from .position_encoding import sine_position_encoding
from .transformer import FeedForward, TransformerLayer, attend

__all__ = [
    'DeformableEncoderLayer',
    'DilatedContext',
    'FeedForward',
    'LevelGeometry',
    'MultiScaleDeformableAttention',
    'TransformerLayer',
    'attend',
    'build_context',
    'multi_scale_deformable_attention',
    'sine_position_encoding',
    'xavier_uniform_weights',
]
