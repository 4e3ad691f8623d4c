"""Networks, losses and the segmentor that wires them; importing this package registers all of them in ``MODELS``."""

from . import (
    audio_backbones,
    backbones,
    clustering,
    data_preprocessors,
    decode_heads,
    losses,
    necks,
    pixel_decoders,
    segmentors,
    taggers,
    temporal,
)
from .contracts import AVSFeatures, AVSOutput, AVSTargets

__all__ = [
    'AVSFeatures',
    'AVSOutput',
    'AVSTargets',
    'audio_backbones',
    'backbones',
    'clustering',
    'data_preprocessors',
    'decode_heads',
    'losses',
    'necks',
    'pixel_decoders',
    'segmentors',
    'taggers',
    'temporal',
]
