"""How maps of a backbone come to the width of a neck."""

from typing import Literal

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn import functional as F

DILATIONS = (3, 6, 12, 18)
TINY_MAP = 4  # a map is tiny if the weights of one convolution have this many times its elements


class DilatedContext(nn.Module):
    """Sum of four dilated 3x3 convolutions, no norm, no activation.

    Args:
        in_channels: ``C_in``.
        out_channels: ``C_out``.

    Shapes:
        - in: ``(M, C_in, H, W)``.
        - out: ``(M, C_out, H, W)``.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(in_channels, out_channels, 3, padding=d, dilation=d) for d in DILATIONS)
        for conv in self.convs:
            nn.init.normal_(conv.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Apply all dilations and add.

        Channels-last from here on, which is faster for these and needs no copy for layer norm; but not where it would copy
        weights many times the size of the map, for no gain.
        """
        if self.convs[0].weight.numel() < TINY_MAP * x.numel():
            x = x.contiguous(memory_format=torch.channels_last)
        total = self._dilated(self.convs[0], x)
        for conv in self.convs[1:]:
            total += self._dilated(conv, x)
        return total

    @staticmethod
    def _dilated(conv: nn.Conv2d, x: Tensor) -> Tensor:
        """Apply one convolution; where the map is smaller than the dilation only its centre tap meets the map."""
        if conv.dilation[0] < max(x.shape[-2:]):
            return conv(x)
        return F.conv2d(x, conv.weight[:, :, 1:2, 1:2], conv.bias)


def build_context(kind: Literal['dilated', 'pointwise'], in_channels: int, out_channels: int) -> nn.Module:
    """Make the module that brings one map of a backbone to the width of a neck.

    Args:
        kind: ``'dilated'``: ``DilatedContext``, as TPAVI and CATR are published. ``'pointwise'``: a 1x1 convolution with batch
            norm, for comparisons in which only the fusion may differ.
        in_channels: ``C_in``.
        out_channels: ``C_out``.

    Returns:
        A module from ``(M, C_in, H, W)`` to ``(M, C_out, H, W)``.

    Raises:
        ValueError: Another ``kind``.
    """
    if kind == 'dilated':
        return DilatedContext(in_channels, out_channels)
    if kind == 'pointwise':
        return ConvModule(in_channels, out_channels, 1, norm_cfg=dict(type='BN'), act_cfg=None)
    raise ValueError(f"context must be 'dilated' or 'pointwise', got {kind!r}")
