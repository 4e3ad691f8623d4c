"""Attention over the frames of a clip, pixel by pixel."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .base_temporal import BaseTemporal

TimeCodeKind = Literal['learned', 'sinusoidal']


class LearnedTimeCode(nn.Module):
    """One learnable vector per second; longer clips are read by linear interpolation.

    The interpolation goes by the length of each clip and not by that of the batch, so that padding changes nothing.

    Args:
        channels: ``C``.
        max_frames: Number of vectors. Frame ``t`` of a clip with at most that many frames has vector ``t``.
    """

    def __init__(self, channels: int, max_frames: int) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.empty(max_frames, channels))
        nn.init.trunc_normal_(self.code, std=0.02)

    def forward(self, frame_valid: Tensor) -> Tensor:
        """Return the code ``(B, T, C)`` of the frames flagged by ``frame_valid`` ``(B, T)``."""
        num_codes, num_frames = len(self.code), frame_valid.shape[1]
        index = torch.arange(num_frames, device=frame_valid.device, dtype=torch.float32)
        last = (frame_valid * index).amax(1, keepdim=True)
        place = index * ((num_codes - 1) / last.clamp(min=1)).clamp(max=1)
        distance = place.unsqueeze(-1) - torch.arange(num_codes, device=place.device)
        return (1 - distance.abs()).clamp(min=0) @ self.code


class SinusoidalTimeCode(nn.Module):
    """Sines and cosines of the frame's index at wavelengths from 2 pi to 10,000 * 2 pi frames.

    Args:
        channels: ``C``, even.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, frame_valid: Tensor) -> Tensor:
        """Return the code ``(1, T, C)``."""
        half = self.channels // 2
        index = torch.arange(frame_valid.shape[1], device=frame_valid.device, dtype=torch.float32)
        exponent = torch.arange(half, device=frame_valid.device, dtype=torch.float32) / half
        angle = index.unsqueeze(1) / 10000**exponent
        return torch.cat((angle.sin(), angle.cos()), dim=1).unsqueeze(0)


@MODELS.register_module()
class TemporalAttn(BaseTemporal):
    """Multi-head self-attention of every pixel over the frames of its clip, pre-norm, with residual.

    ``x <- x + W_o attention(q(n + e), k(n + e), v(n))`` with ``n = LN(x)`` and time code ``e``; optionally
    ``x <- x + FFN(LN(x))``. A padded frame is nobody's key and passes unchanged. A frame without any other valid frame in
    its clip passes unchanged too: single pictures are not touched, whatever they are batched with. The last layers start at zero,
    so that a model trained on single frames does not meet random attention when it is given a clip.

    Args:
        channels: ``C`` of the map.
        num_heads: Heads; must divide ``channels``.
        level: Index of the map in ``features.maps``; the other maps pass.
        stride: Attend on the map average-pooled by this factor and add the result upsampled bilinearly; the cost falls with
            its square.
        time_code: ``'learned'``: ``max_frames`` vectors, interpolated for longer clips; ``'sinusoidal'``: no parameters;
            ``None``: order of the frames does not matter (permuting them permutes the result).
        max_frames: Vectors of the learned code; not used by the others.
        ffn_ratio: Hidden width of the feed-forward layer in multiples of ``channels``; 0 leaves the layer out.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in, out: ``maps[level]`` ``(M, C, H, W)``.

    Raises:
        ValueError: Arguments that do not fit each other, or no map of that level.
    """

    def __init__(
        self,
        channels: int = 256,
        num_heads: int = 8,
        *,
        level: int = 0,
        stride: int = 1,
        time_code: TimeCodeKind | None = 'learned',
        max_frames: int = 10,
        ffn_ratio: float = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if channels % num_heads:
            raise ValueError(f'TemporalAttn: num_heads={num_heads} must divide channels={channels}')
        if stride < 1 or max_frames < 1 or ffn_ratio < 0:
            raise ValueError(
                f'TemporalAttn needs stride >= 1, max_frames >= 1 and ffn_ratio >= 0, got {stride}, {max_frames} and {ffn_ratio}'
            )
        if time_code is not None and time_code not in get_args(TimeCodeKind):
            raise ValueError(
                f'TemporalAttn: time_code must be None or one of {get_args(TimeCodeKind)}, got {time_code!r}'
            )
        if time_code == 'sinusoidal' and channels % 2:
            raise ValueError(f'TemporalAttn: a sinusoidal time code needs an even number of channels, got {channels}')
        self.num_heads = num_heads
        self.level = level
        self.stride = stride
        self.norm = nn.LayerNorm(channels)
        self.query_key = nn.Linear(channels, 2 * channels)
        self.value = nn.Linear(channels, channels)
        self.out_proj = nn.Linear(channels, channels)
        last = [self.out_proj]
        self.time_code: nn.Module | None = None
        if time_code == 'learned':
            self.time_code = LearnedTimeCode(channels, max_frames)
        elif time_code == 'sinusoidal':
            self.time_code = SinusoidalTimeCode(channels)
        self.ffn: nn.Module | None = None
        if ffn_ratio:
            hidden = round(ffn_ratio * channels)
            self.ffn = nn.Sequential(
                nn.LayerNorm(channels), nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
            )
            last.append(self.ffn[-1])
        for layer in last:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Link the frames of every clip in one map.

        Raises:
            ValueError: There is no map of the chosen level.
        """
        if not 0 <= self.level < len(features.maps):
            raise ValueError(f'TemporalAttn works on level {self.level}, got {len(features.maps)} maps')
        valid = features.frame_valid
        if valid.shape[1] == 1:
            return features
        x = features.maps[self.level]
        pooled = x if self.stride == 1 else F.avg_pool2d(x, self.stride, ceil_mode=True, count_include_pad=False)
        change = self._change(pooled, valid)
        if self.stride > 1:
            change = F.interpolate(change, x.shape[-2:], mode='bilinear', align_corners=False)
        maps = list(features.maps)
        maps[self.level] = x + change
        return features.updated(maps=tuple(maps))

    def _change(self, x: Tensor, valid: Tensor) -> Tensor:
        """Return what is added to the map ``x`` ``(M, C, h, w)``, zero on frames that have no partner."""
        num_clips, num_frames = valid.shape
        height, width = x.shape[-2:]
        tokens = x.unflatten(0, valid.shape).flatten(3).permute(0, 3, 1, 2)  # (B, n, T, C)
        change = self._attend(tokens, valid)
        if self.ffn is not None:
            change = change + self.ffn(tokens + change)
        linked = valid & (valid.sum(1, keepdim=True) > 1)
        change = change * linked[:, None, :, None]
        return change.permute(0, 2, 3, 1).reshape(num_clips * num_frames, -1, height, width)

    def _attend(self, tokens: Tensor, valid: Tensor) -> Tensor:
        """Attend over ``T`` within every pixel of ``tokens`` ``(B, n, T, C)``."""
        normed = self.norm(tokens)
        coded = normed
        if self.time_code is not None:
            coded = normed + self.time_code(valid).to(normed.dtype).unsqueeze(1)
        query, key = self.query_key(coded).chunk(2, dim=-1)
        # pixels stand in the heads' axis, so that one small mask per clip serves all of them
        query, key, value = (self._split_heads(part) for part in (query, key, self.value(normed)))
        # every frame may look at itself: the row of a padded frame, which is dropped later, must not be empty (NaN)
        itself = torch.eye(valid.shape[1], dtype=torch.bool, device=valid.device)
        mask = (valid.unsqueeze(1) | itself).unsqueeze(1)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = attended.unflatten(1, (-1, self.num_heads)).transpose(2, 3).flatten(3)
        return self.out_proj(attended)

    def _split_heads(self, x: Tensor) -> Tensor:
        """``(B, n, T, C)`` to ``(B, n * heads, T, C / heads)``."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(2, 3).flatten(1, 2)
