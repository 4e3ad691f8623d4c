"""CATR: queries that carry one mask and one score each, of which the best-scored one is shown."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.models.layers import TransformerLayer, xavier_uniform_weights
from mmavs.registry import MODELS

from .base_avs_head import BaseAVSHead

MEMORY_KEYS = ('query_memory', 'query_memory_pos', 'query_memory_padding')


class MaskFeatureDecoder(nn.Module):
    """Convolutions that halve the width, with two lateral maps; each is met at its own size (nearest neighbour).

    Args:
        channels: ``C`` of all inputs, a multiple of 64.
        out_channels: Width of the result.
    """

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        widths = (channels, channels, channels // 2, channels // 4, channels // 8)
        self.convs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.GroupNorm(8, b), nn.ReLU(inplace=True))
            for a, b in pairwise(widths)
        )
        self.laterals = nn.ModuleList(nn.Conv2d(channels, width, 1) for width in widths[2:4])
        self.out = nn.Conv2d(widths[-1], out_channels, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, laterals: Sequence[Tensor]) -> Tensor:
        """Map ``x`` ``(M, C, H, W)`` and two laterals to ``(M, C_out, H', W')``, the size of the second lateral."""
        x = self.convs[1](self.convs[0](x))
        for conv, project, lateral in zip(self.convs[2:], self.laterals, laterals, strict=True):
            x = conv(project(lateral) + F.interpolate(x, lateral.shape[-2:], mode='nearest'))
        return self.out(x)


@MODELS.register_module()
class CATRHead(BaseAVSHead):
    """Query decoder, dynamic mask kernels, and the choice of one query per frame.

    Args:
        channels: ``C`` of maps and memory, a multiple of 64.
        num_queries: ``Q``.
        num_layers: Decoder layers; the outputs of all of them are trained.
        num_heads: Attention heads.
        ffn_channels: Width inside the feed-forward parts.
        kernel_channels: Width of mask features and kernels.
        dropout: Rate in the decoder.
        memory_level: Which of ``features.maps`` is the encoded one.
        official_coarse_laterals: Take the coarsest map and the next finer one as laterals. The released code does so by a
            reversed list: the encoded map is first sampled down, and masks come out at twice the stride of the encoded
            map. ``False`` takes the encoded map and the next finer one (``memory_level`` must be at least 1).
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: maps ``(M, C, H_l, W_l)``, and the three ``aux`` entries that ``CATRNeck`` leaves for the queries.
        - out: logits ``(B, T, 1, H, W)`` of the chosen query, zero on padded frames; ``aux['query_masks']``
          ``(L, B, T, Q, h, w)`` and ``aux['query_scores']`` ``(L, B, T, Q, 2)``, logits of "sounds" and "does not", of the
          ``L`` decoder layers, which ``CATRSetLoss`` reads.

    Raises:
        ValueError: No memory from the neck, or maps that do not fit ``memory_level``.

    Source:
        Li et al., "CATR", ACM MM 2023; https://github.com/aspirinone/CATR.github.io.
    """

    def __init__(
        self,
        channels: int = 256,
        *,
        num_queries: int = 50,
        num_layers: int = 3,
        num_heads: int = 8,
        ffn_channels: int = 2048,
        kernel_channels: int = 64,
        dropout: float = 0.1,
        memory_level: int = 0,
        official_coarse_laterals: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if channels % 64:
            raise ValueError(f'CATRHead: channels={channels} must be a multiple of 64 (group norms of an eighth of it)')
        if not official_coarse_laterals and memory_level < 1:
            raise ValueError(
                'CATRHead: official_coarse_laterals=False needs a map finer than the encoded one; keep stage 0 in the neck '
                'and set memory_level=1'
            )
        self.memory_level = memory_level
        self.lateral_levels = (-1, -2) if official_coarse_laterals else (memory_level, memory_level - 1)
        self.layers = nn.ModuleList(
            TransformerLayer(channels, num_heads, ffn_channels, dropout=dropout, cross_attention=True)
            for _ in range(num_layers)
        )
        xavier_uniform_weights(self)
        self.norm = nn.LayerNorm(channels)
        self.queries = nn.Embedding(num_queries, channels)
        self.mask_features = MaskFeatureDecoder(channels, kernel_channels)
        self.score = nn.Linear(channels, 2)
        self.kernels = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, kernel_channels))

    def forward(self, features: AVSFeatures, size: tuple[int, int]) -> AVSOutput:
        """Decode every layer's masks and scores; return the best-scored mask of each frame at ``size``."""
        self._check(features)
        decoded = torch.stack(self.decode(features))
        laterals = [features.maps[level] for level in self.lateral_levels]
        pixels = self.mask_features(features.maps[self.memory_level], laterals)
        masks = torch.einsum('lmqc,mchw->lmqhw', self.kernels(decoded), pixels)
        scores = self.score(decoded)
        best = (scores[-1, ..., 0] - scores[-1, ..., 1]).argmax(-1)
        chosen = masks[-1].take_along_dim(best[:, None, None, None], dim=1)
        frames = features.frame_valid.shape
        logits = F.interpolate(chosen, size, mode='bilinear', align_corners=False).unflatten(0, frames)
        features = features.updated(query_masks=masks.unflatten(1, frames), query_scores=scores.unflatten(1, frames))
        return AVSOutput(logits * features.frame_valid[:, :, None, None, None], features)

    def decode(self, features: AVSFeatures) -> list[Tensor]:
        """Return the normalised queries ``(M, Q, C)`` after each layer."""
        memory, memory_pos, memory_padding = (features.aux[key] for key in MEMORY_KEYS)
        pos = self.queries.weight
        x = torch.zeros_like(pos).expand(len(memory), -1, -1)
        outputs = []
        for layer in self.layers:
            x = layer(x, memory, pos=pos, memory_pos=memory_pos, memory_padding=memory_padding)
            outputs.append(self.norm(x))
        return outputs

    def _check(self, features: AVSFeatures) -> None:
        absent = [key for key in MEMORY_KEYS if key not in features.aux]
        if absent:
            raise ValueError(f'CATRHead needs aux {absent} for its queries; use CATRNeck')
        if len(features.maps) < 2 or self.memory_level >= len(features.maps):
            raise ValueError(
                f'CATRHead needs at least two maps and one at memory_level={self.memory_level}, got {len(features.maps)}'
            )
