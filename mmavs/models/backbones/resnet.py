"""ResNet behind the stage-wise interface."""

from typing import Any

import torchvision
from torch import Tensor, nn

from mmavs.models.pretrained import load_exactly, read_weights
from mmavs.registry import MODELS

from .base_staged_backbone import BaseStagedBackbone


@MODELS.register_module()
class ResNetStages(BaseStagedBackbone):
    """ResNet of mmseg in the torchvision variant (stride in the 3x3 convolution, torchvision's parameter names).

    Args:
        depth: 18, 50 or 101.
        pretrained: ``'imagenet'`` for torchvision's first ImageNet-1k weights (the ones TPAVI starts from), a path or URL of
            a torchvision state dict, or ``None``.
        frozen_stages: See ``BaseStagedBackbone``.
        frozen: See ``BaseStagedBackbone``.
        norm_eval: See ``BaseStagedBackbone``.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: A depth that is not offered.
    """

    CHANNELS = {18: (64, 128, 256, 512), 50: (256, 512, 1024, 2048), 101: (256, 512, 1024, 2048)}

    def __init__(self, depth: int = 50, **base: Any) -> None:
        super().__init__(**base)
        if depth not in self.CHANNELS:
            raise ValueError(f'ResNetStages offers the depths {sorted(self.CHANNELS)}, got {depth}')
        self.depth = depth
        self.out_channels = self.CHANNELS[depth]
        self.body = MODELS.build(dict(type='mmseg.ResNet', depth=depth, norm_cfg=dict(type='BN'), norm_eval=False))
        self.freeze()

    def stem(self, x: Tensor) -> Tensor:
        """Convolution 7x7, norm, ReLU, max pooling: ``(M, 64, H / 4, W / 4)``."""
        return self.body.maxpool(self.body.relu(self.body.norm1(self.body.conv1(x))))

    def forward_stage(self, stage: int, x: Tensor) -> Tensor:
        """Run ``layer{stage + 1}``."""
        return getattr(self.body, f'layer{stage + 1}')(x)

    def stage_modules(self, stage: int) -> list[nn.Module]:
        """Return the modules of a stage."""
        return [self.body.conv1, self.body.norm1] if stage < 0 else [getattr(self.body, f'layer{stage + 1}')]

    def load_pretrained(self, source: str) -> None:
        """Load torchvision weights."""
        if source == 'imagenet':
            source = torchvision.models.get_weight(f'ResNet{self.depth}_Weights.IMAGENET1K_V1').url
        weights = read_weights(source)
        if weights is not None:
            load_exactly(self.body, weights, source, ignore=('fc.',))
