"""Example plugin of mmavs; importing it registers its components."""

from .swell_audio import SwellAudio
from .swell_neck import SwellNeck

__all__ = ['SwellAudio', 'SwellNeck']
