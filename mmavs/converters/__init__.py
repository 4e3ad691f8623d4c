"""Conversion of official checkpoints; one module per method, each a ``Converter`` in ``CONVERTERS``."""

from .avsegformer import AVSegFormerConverter
from .base import ConversionReport, Converter, convert_file
from .tpavi import TPAVIConverter
from .vggish import VGGishConverter

CONVERTERS: dict[str, Converter] = {
    'avsegformer': AVSegFormerConverter(),
    'tpavi': TPAVIConverter(),
    'vggish': VGGishConverter(),
}

__all__ = [
    'CONVERTERS',
    'AVSegFormerConverter',
    'ConversionReport',
    'Converter',
    'TPAVIConverter',
    'VGGishConverter',
    'convert_file',
]
