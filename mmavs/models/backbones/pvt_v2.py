"""Pyramid vision transformer v2 behind the stage-wise interface."""

import re
from typing import Any

import timm
from torch import Tensor, nn

from mmavs.models.pretrained import load_exactly, read_weights
from mmavs.registry import MODELS

from .base_staged_backbone import BaseStagedBackbone

RELEASE_URL = 'https://github.com/whai362/PVT/releases/download/v2/pvt_v2_{variant}.pth'


def official_to_timm(name: str) -> str:
    """Translate a parameter name of the official PVT-v2 code into timm's."""
    name = re.sub(r'^patch_embed1\.', 'patch_embed.', name)
    name = re.sub(r'^patch_embed(\d)\.', lambda m: f'stages.{int(m[1]) - 1}.downsample.', name)
    name = re.sub(r'^block(\d)\.(\d+)\.', lambda m: f'stages.{int(m[1]) - 1}.blocks.{m[2]}.', name)
    name = re.sub(r'^norm(\d)\.', lambda m: f'stages.{int(m[1]) - 1}.norm.', name)
    return name.replace('dwconv.dwconv.', 'dwconv.')


@MODELS.register_module()
class PVTv2Stages(BaseStagedBackbone):
    """PVT-v2 of timm (Wang et al., 2022); maps are the normalised stage outputs, as in the official code.

    Args:
        variant: ``'b0'`` to ``'b5'``.
        drop_path_rate: Stochastic depth of the last block, growing linearly from 0.
        pretrained: ``'imagenet'`` for the official release, a path or URL (official or timm names), or ``None``.
        frozen_stages: See ``BaseStagedBackbone``.
        frozen: See ``BaseStagedBackbone``.
        norm_eval: See ``BaseStagedBackbone``.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: A variant that does not exist.
    """

    VARIANTS = ('b0', 'b1', 'b2', 'b3', 'b4', 'b5')

    def __init__(self, variant: str = 'b5', drop_path_rate: float = 0.1, **base: Any) -> None:
        super().__init__(**base)
        if variant not in self.VARIANTS:
            raise ValueError(f'PVTv2Stages offers the variants {self.VARIANTS}, got {variant!r}')
        self.variant = variant
        self.body = timm.create_model(
            f'pvt_v2_{variant}', pretrained=False, num_classes=0, drop_path_rate=drop_path_rate
        )
        self.out_channels = tuple(info['num_chs'] for info in self.body.feature_info)
        self.freeze()

    def stem(self, x: Tensor) -> Tensor:
        """Overlapping patch embedding 7x7, stride 4: ``(M, H / 4, W / 4, C_0)``, channels last."""
        return self.body.patch_embed(x)

    def forward_stage(self, stage: int, x: Tensor) -> Tensor:
        """Run down-sampling (from the second stage on), blocks and norm of one stage."""
        return self.body.stages[stage](x)

    def stage_modules(self, stage: int) -> list[nn.Module]:
        """Return the modules of a stage."""
        return [self.body.patch_embed if stage < 0 else self.body.stages[stage]]

    def load_pretrained(self, source: str) -> None:
        """Load the official release or a file in official or timm names."""
        if source == 'imagenet':
            source = RELEASE_URL.format(variant=self.variant)
        weights = read_weights(source)
        if weights is not None:
            weights = {official_to_timm(name): value for name, value in weights.items()}
            load_exactly(self.body, weights, source, ignore=('head.',))
