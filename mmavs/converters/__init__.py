"""Conversion of official checkpoints; one module per method, each a ``Converter`` in ``CONVERTERS``."""

from .avsegformer import AVSegFormerConverter
from .base import ConversionReport, Converter, convert_file
from .catr import CATRConverter
from .tpavi import TPAVIConverter
from .vggish import VGGishConverter

CONVERTERS: dict[str, Converter] = {
    'avsegformer': AVSegFormerConverter(),
    'catr': CATRConverter(),
    'tpavi': TPAVIConverter(),
    'vggish': VGGishConverter(),
}

__all__ = [
    'CONVERTERS',
    'AVSegFormerConverter',
    'CATRConverter',
    'ConversionReport',
    'Converter',
    'TPAVIConverter',
    'VGGishConverter',
    'convert_file',
]
