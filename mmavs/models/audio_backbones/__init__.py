"""Audio backbones."""

from .audio_cnn import AudioCNN
from .base_audio_backbone import BaseAudioBackbone
from .vggish import VGGish

__all__ = ['AudioCNN', 'BaseAudioBackbone', 'VGGish']
