"""Audio backbones."""

from .audio_cnn import AudioCNN
from .base_audio_backbone import BaseAudioBackbone
from .mel_resnet import MelResNet18
from .vggish import VGGish

__all__ = ['AudioCNN', 'BaseAudioBackbone', 'MelResNet18', 'VGGish']
