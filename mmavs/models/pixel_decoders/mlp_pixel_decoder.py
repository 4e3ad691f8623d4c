"""The all-MLP decoder of SegFormer, without its classifier."""

from collections.abc import Sequence

from torch import nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .base_pixel_decoder import BasePixelDecoder


@MODELS.register_module()
class MLPPixelDecoder(BasePixelDecoder):
    """Project every map, bring all to the finest size and mix them with one 1x1 convolution.

    Mixing commutes with bilinear resizing, so each map is projected and mixed at its own size and only the sum is formed at
    the finest one: the numbers of the published order (project, resize, concatenate, mix) at a fraction of its cost.

    Args:
        in_channels: Channels of the maps, finest first.
        channels: ``C`` of the result; DDESeg, by the same first author as AMA, has 768.
        dropout: Share of channels dropped in training.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to one map ``(M, C, H_0, W_0)``, zero on padded frames.

    Raises:
        ValueError: Another number of maps than ``in_channels``.

    Source:
        Xie et al., "SegFormer", NeurIPS 2021, section 3.2.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int = 256,
        *,
        dropout: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.projections = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.mix = nn.ModuleList(nn.Conv2d(channels, channels, 1, bias=False) for _ in in_channels)
        self.norm = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return features with one map."""
        if len(features.maps) != len(self.projections):
            raise ValueError(
                f'MLPPixelDecoder was built for {len(self.projections)} maps, got {len(features.maps)}; set in_channels'
            )
        size = features.maps[0].shape[-2:]
        total = None
        for x, project, mix in zip(features.maps, self.projections, self.mix, strict=True):
            x = mix(project(x))
            if x.shape[-2:] != size:
                x = F.interpolate(x, size, mode='bilinear', align_corners=False)
            total = x if total is None else total + x
        x = self.dropout(F.relu(self.norm(total)))
        valid = features.frame_valid.flatten()[:, None, None, None]
        return features.updated(maps=(x * valid,))
