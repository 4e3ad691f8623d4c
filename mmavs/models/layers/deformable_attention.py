"""Multi-scale deformable attention, with the compiled operator of mmcv where it exists and in plain PyTorch elsewhere."""

import math
import sys
from collections.abc import Sequence
from typing import Literal

import torch
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
from torch import Tensor, nn
from torch.nn import functional as F

from .transformer import FeedForward

Shapes = Sequence[tuple[int, int]]
MAX_IM2COL_STEP = 64
# the placeholder that stands in for the operators of mmcv-lite is no file
HAS_COMPILED_OPERATOR = getattr(sys.modules['mmcv._ext'], '__file__', None) is not None


class LevelGeometry:
    """Where the tokens of several maps lie; made once per forward and shared by all layers.

    Args:
        shapes: ``(H_l, W_l)`` of each level; tokens are in this order, row by row.
        device: Where the coordinates are made.

    Attributes:
        shapes: As given.
        centres: ``(N, 2)`` float32, ``(x, y)`` of each token's pixel centre in [0, 1].
        sizes: ``(L, 2)`` float32, ``(W_l, H_l)``.
    """

    def __init__(self, shapes: Shapes, device: torch.device) -> None:
        self.shapes = tuple(shapes)
        self.centres = torch.cat([_centres(height, width, device) for height, width in self.shapes])
        self.sizes = _numbers([(w, h) for h, w in self.shapes], torch.float32, device)


def _numbers(pairs: Shapes, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Write ``(L, 2)`` numbers on the device; a copy from the host would wait for everything before it."""
    filled = [torch.full((1,), number, dtype=dtype, device=device) for pair in pairs for number in pair]
    return torch.cat(filled).unflatten(0, (-1, 2))


def _centres(height: int, width: int, device: torch.device) -> Tensor:
    y = (torch.arange(height, dtype=torch.float32, device=device) + 0.5) / height
    x = (torch.arange(width, dtype=torch.float32, device=device) + 0.5) / width
    return torch.stack((x[None].expand(height, width), y[:, None].expand(height, width)), dim=-1).flatten(0, 1)


def im2col_step(num_frames: int) -> int:
    """Return how many frames the compiled operator takes at once: it refuses a number that does not divide ``num_frames``."""
    return next(step for step in range(min(num_frames, MAX_IM2COL_STEP), 0, -1) if num_frames % step == 0)


def multi_scale_deformable_attention(value: Tensor, shapes: Shapes, locations: Tensor, weights: Tensor) -> Tensor:
    """Sum bilinear samples of several maps with given weights.

    On CUDA with the full mmcv its compiled operator does this. Elsewhere each level is sampled on its own and added at once,
    so that the samples of one level only are held.

    Args:
        value: Tokens of all levels ``(M, N, heads, C')``, float32.
        shapes: ``(H_l, W_l)`` of each level.
        locations: ``(M, n, heads, L, points, 2)``, ``(x, y)`` in [0, 1] from corner to corner; a sample outside is zero.
        weights: ``(M, n, heads, L, points)``.

    Returns:
        ``(M, n, heads * C')``.

    Source:
        Zhu et al., "Deformable DETR", ICLR 2021, eq. 3.
    """
    if value.is_cuda and HAS_COMPILED_OPERATOR:
        sizes = _numbers(shapes, torch.long, value.device)
        starts = sizes.prod(1).cumsum(0) - sizes.prod(1)
        return MultiScaleDeformableAttnFunction.apply(
            value.contiguous(), sizes, starts, locations.contiguous(), weights.contiguous(), im2col_step(len(value))
        )
    num_frames, num_tokens, num_heads = locations.shape[:3]
    grid = (2 * locations - 1).permute(3, 0, 2, 1, 4, 5).flatten(1, 2)
    weights = weights.permute(3, 0, 2, 1, 4).flatten(1, 2).unsqueeze(2)
    total = None
    levels = value.permute(0, 2, 3, 1).flatten(0, 1).split([h * w for h, w in shapes], dim=-1)
    for i, (level, shape) in enumerate(zip(levels, shapes, strict=True)):
        samples = F.grid_sample(level.unflatten(-1, shape), grid[i], mode='bilinear', align_corners=False)
        attended = (samples * weights[i]).sum(-1)
        total = attended if total is None else total + attended
    return total.unflatten(0, (num_frames, num_heads)).permute(0, 3, 1, 2).reshape(num_frames, num_tokens, -1)


class MultiScaleDeformableAttention(nn.Module):
    """Each token reads a few learnt places of every level.

    Args:
        channels: ``C``, a multiple of ``num_heads``.
        num_levels: ``L``.
        num_heads: Heads.
        num_points: Places per head and level.

    Raises:
        ValueError: ``channels`` is no multiple of ``num_heads``.

    Source:
        Zhu et al., "Deformable DETR", ICLR 2021; its initialisation.
    """

    def __init__(self, channels: int, num_levels: int, num_heads: int = 8, num_points: int = 4) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'deformable attention: channels={channels} must be a multiple of num_heads={num_heads}')
        self.num_heads, self.num_levels, self.num_points = num_heads, num_levels, num_points
        places = num_heads * num_levels * num_points
        self.sampling_offsets = nn.Linear(channels, 2 * places)
        self.attention_weights = nn.Linear(channels, places)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start with even weights and with places 1, 2, ... pixels away, each head in its own direction."""
        for linear in (self.sampling_offsets, self.attention_weights, self.value_proj, self.output_proj):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
        nn.init.xavier_uniform_(self.value_proj.weight)
        nn.init.xavier_uniform_(self.output_proj.weight)
        angle = torch.arange(self.num_heads) * (2 * math.pi / self.num_heads)
        direction = torch.stack((angle.cos(), angle.sin()), dim=-1)
        direction = direction / direction.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.num_points + 1)
        offsets = direction[:, None, None] * steps[:, None]
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(offsets.expand(-1, self.num_levels, -1, -1).flatten())

    def forward(self, query: Tensor, value: Tensor, geometry: LevelGeometry) -> Tensor:
        """Attend.

        Args:
            query: Tokens with their position code ``(M, N, C)``, one per place of ``geometry``.
            value: What is read ``(M, N, C)``.
            geometry: Of the tokens.

        Returns:
            ``(M, N, C)``. Places and samples are computed in float32, since bfloat16 cannot tell the pixels of a large map
            apart.
        """
        heads = (self.num_heads, self.num_levels, self.num_points)
        offsets = self.sampling_offsets(query).float().unflatten(-1, (*heads, 2))
        locations = geometry.centres[:, None, None, None] + offsets / geometry.sizes[:, None]
        weights = (
            self.attention_weights(query).float().unflatten(-1, (heads[0], -1)).softmax(-1).unflatten(-1, heads[1:])
        )
        value = self.value_proj(value).float().unflatten(-1, (self.num_heads, -1))
        attended = multi_scale_deformable_attention(value, geometry.shapes, locations, weights)
        return self.output_proj(attended.to(query.dtype))


class DeformableEncoderLayer(nn.Module):
    """Deformable self-attention over all levels and feed-forward, each followed by residual and layer norm.

    Args:
        channels: ``C``.
        num_levels: ``L``.
        num_heads: Heads.
        num_points: Places per head and level.
        ffn_channels: Width inside the feed-forward part.
        dropout: Rate on every residual branch.
        activation: Of the feed-forward part.
    """

    def __init__(
        self,
        channels: int,
        num_levels: int,
        *,
        num_heads: int = 8,
        num_points: int = 4,
        ffn_channels: int = 2048,
        dropout: float = 0.1,
        activation: Literal['relu', 'gelu'] = 'relu',
    ) -> None:
        super().__init__()
        self.self_attn = MultiScaleDeformableAttention(channels, num_levels, num_heads, num_points)
        self.self_norm = nn.LayerNorm(channels)
        self.ffn = FeedForward(channels, ffn_channels, dropout, activation)
        self.ffn_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, pos: Tensor, geometry: LevelGeometry) -> Tensor:
        """Map tokens ``(M, N, C)`` to the same shape; ``pos`` is broadcast to it."""
        x = self.self_norm(x + self.dropout(self.self_attn(x + pos, x, geometry)))
        return self.ffn_norm(x + self.ffn(x))
