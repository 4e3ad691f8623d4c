"""A top-down feature pyramid that ends in its finest map."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from torch import nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .base_pixel_decoder import BasePixelDecoder


@MODELS.register_module()
class FPNPixelDecoder(BasePixelDecoder):
    """Top-down path: the coarser map is enlarged, added to the finer one and smoothed, down to the finest map.

    Args:
        in_channels: Channels of the maps, finest first.
        channels: ``C`` of the result.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to one map ``(M, C, H_0, W_0)``, zero on padded frames.

    Raises:
        ValueError: Another number of maps than ``in_channels``.

    Source:
        Lin et al., "Feature pyramid networks for object detection", CVPR 2017.
    """

    def __init__(self, in_channels: Sequence[int], channels: int = 64, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.lateral = nn.ModuleList(
            ConvModule(c, channels, 1, norm_cfg=dict(type='BN'), act_cfg=None) for c in in_channels
        )
        self.smooth = nn.ModuleList(
            ConvModule(channels, channels, 3, padding=1, norm_cfg=dict(type='BN')) for _ in in_channels
        )

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return features with one map."""
        if len(features.maps) != len(self.lateral):
            raise ValueError(
                f'FPNPixelDecoder was built for {len(self.lateral)} maps, got {len(features.maps)}; set in_channels'
            )
        x = None
        for level in range(len(features.maps) - 1, -1, -1):
            finer = self.lateral[level](features.maps[level])
            if x is not None:
                finer = finer + F.interpolate(x, finer.shape[-2:], mode='bilinear', align_corners=False)
            x = self.smooth[level](F.relu(finer))
        valid = features.frame_valid.flatten()[:, None, None, None]
        return features.updated(maps=(x * valid,))
