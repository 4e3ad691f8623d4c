"""The top-down decoder of TPAVI."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.registry import MODELS

from .base_avs_head import BaseAVSHead


class ResidualConvUnit(nn.Module):
    """``conv(relu(conv(x))) + x`` for a rectified ``x``.

    The published unit rectifies its input in place, so its residual is the rectified input too; here the caller rectifies,
    once where several units read the same map.

    Args:
        channels: ``C``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(M, C, H, W)`` to the same shape."""
        return self.conv2(F.relu(self.conv1(x), inplace=True)) + x


@MODELS.register_module()
class TPAVIHead(BaseAVSHead):
    """Top-down path of residual convolution units and a small output head.

    Args:
        channels: ``C`` of the incoming maps.
        num_classes: ``K``; 1 for one binary logit.
        num_levels: Number of maps.
        smooth_channels: Width of the last 3x3 convolution.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: maps of stride 4, 8, 16, 32 (each half the size of the one before, rounded up for pictures of odd size).
        - out: logits ``(B, T, K, H, W)``, zero on padded frames; ``output.features.maps`` are the rectified input maps,
          which the matching loss uses.

    Raises:
        ValueError: Maps that do not halve from level to level.

    Source:
        Zhou et al., ECCV 2022; https://github.com/OpenNLPLab/AVSBench. The first unit of the coarsest level, which the
        released code builds but never calls, is left out.
    """

    def __init__(
        self,
        channels: int = 256,
        num_classes: int = 1,
        *,
        num_levels: int = 4,
        smooth_channels: int = 32,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.merge = nn.ModuleList(ResidualConvUnit(channels) for _ in range(num_levels - 1))
        self.refine = nn.ModuleList(ResidualConvUnit(channels) for _ in range(num_levels))
        self.reduce = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.smooth = nn.Conv2d(channels // 2, smooth_channels, 3, padding=1)
        self.classify = nn.Conv2d(smooth_channels, num_classes, 1)

    def forward(self, features: AVSFeatures, size: tuple[int, int]) -> AVSOutput:
        """Decode the maps into logits at ``size``."""
        self._check(features.maps)
        maps = tuple(F.relu(x) for x in features.maps)
        x = self.refine[-1](maps[-1])
        for level in range(len(maps) - 2, -1, -1):
            x = F.relu(self._upsample(x, maps[level].shape[-2:]) + self.merge[level](maps[level]), inplace=True)
            x = self.refine[level](x)
        x = self._upsample(x, [2 * side for side in x.shape[-2:]])
        x = F.interpolate(self.reduce(x), scale_factor=2, mode='bilinear', align_corners=False)
        logits = self.classify(F.relu(self.smooth(x), inplace=True))
        if tuple(logits.shape[-2:]) != tuple(size):
            logits = F.interpolate(logits, size, mode='bilinear', align_corners=False)
        logits = logits.unflatten(0, features.frame_valid.shape)
        logits = logits * features.frame_valid[:, :, None, None, None]
        return AVSOutput(logits, features.updated(maps=maps))

    @staticmethod
    def _upsample(x: Tensor, size: Sequence[int]) -> Tensor:
        return F.interpolate(x, tuple(size), mode='bilinear', align_corners=True)

    def _check(self, maps: tuple[Tensor, ...]) -> None:
        sizes = [tuple(x.shape[-2:]) for x in maps]
        if len(maps) != len(self.refine):
            raise ValueError(f'TPAVIHead was built for {len(self.refine)} maps, got {len(maps)}')
        for finer, coarser in pairwise(sizes):
            if coarser != tuple(-(-side // 2) for side in finer):
                raise ValueError(
                    f'TPAVIHead needs maps that halve from level to level (rounded up), got {sizes}; use a backbone with the '
                    'strides 4, 8, 16, 32'
                )
