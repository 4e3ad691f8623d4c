"""Visual backbones, all behind one stage-wise interface."""

from .base_staged_backbone import BaseStagedBackbone
from .efficientnet_lite import EfficientNetLiteStages
from .plain_backbone import PlainBackbone
from .pvt_v2 import PVTv2Stages
from .resnet import ResNetStages

__all__ = ['BaseStagedBackbone', 'EfficientNetLiteStages', 'PVTv2Stages', 'PlainBackbone', 'ResNetStages']
