"""The visual side of AVSegFormer: projections, deformable encoder, mask feature, audio-gated channels."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.layers import (
    DeformableEncoderLayer,
    LevelGeometry,
    MultiScaleDeformableAttention,
    sine_position_encoding,
    xavier_uniform_weights,
)
from mmavs.registry import MODELS

from .base_av_neck import BaseAVNeck


class ChannelMixer(nn.Module):
    """Audio looks at all pixels of its frame and gates the channels of the map.

    There is one audio token per frame, so the products are taken in another order than published: the query is carried
    through the key projection, and the pixels are averaged before the value projection. Neither keys nor values of the
    pixels are formed; the result is the same up to rounding.

    Args:
        channels: ``C``, a multiple of ``num_heads``.
        num_heads: Attention heads.

    Raises:
        ValueError: ``channels`` is no multiple of ``num_heads``.

    Source:
        Gao et al., "AVSegFormer", AAAI 2024, eq. 5; class ``CrossModalMixer`` of the official code, which fails on a single
        frame.
    """

    def __init__(self, channels: int, num_heads: int = 8) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'ChannelMixer: channels={channels} must be a multiple of num_heads={num_heads}')
        self.num_heads = num_heads
        self.q_proj = nn.Linear(channels, channels, bias=False)
        self.kv_proj = nn.Linear(channels, 2 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor, audio: Tensor) -> Tensor:
        """Gate ``x`` ``(M, C, H, W)`` with ``audio`` ``(M, C)``."""
        key, value = (w.unflatten(0, (self.num_heads, -1)) for w in self.kv_proj.weight.chunk(2))
        query = self.q_proj(audio).unflatten(-1, (self.num_heads, -1))
        pixels = x.flatten(2)
        response = torch.einsum('mhd,hdc->mhc', query, key) @ pixels
        attention = (response * key.shape[1] ** -0.5).softmax(-1)
        seen = attention.to(pixels.dtype) @ pixels.transpose(1, 2)
        gate = self.proj(torch.einsum('mhc,hdc->mhd', seen, value).flatten(1)).sigmoid()
        return x * gate[:, :, None, None]


@MODELS.register_module()
class AVSegFormerNeck(BaseAVNeck):
    """Projects all stages to ``C`` channels, runs a deformable encoder over all but the finest, and makes the mask feature.

    The mask feature is the finest stage plus the up-sampled finest memory, with its channels gated by the audio. Frames are
    treated one by one.

    Args:
        in_channels: Channels of the backbone's stages, finest first; the finest does not enter the encoder.
        channels: ``C``, a multiple of 4, ``num_heads`` and ``norm_groups``.
        audio_channels: ``A``.
        num_layers: Encoder layers.
        num_heads: Heads of the encoder and of the mixer.
        num_points: Places per head and level that a token reads.
        ffn_channels: Width inside the encoder's feed-forward parts.
        norm_groups: Groups of the group norms.
        dropout: Rate on the encoder's residual branches.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to ``(M, C, H_l, W_l)``: the mask feature, then the encoder's memory per stage;
          zero on padded frames.
        - audio: ``(B, T, A)`` to ``(B, T, C)``, which the head expects.
        - ``aux['mask_feature']``: the mask feature, which ``MaskFeatureLoss`` reads.

    Raises:
        ValueError: ``channels`` does not divide as needed, or another number of maps comes in.

    Source:
        Gao et al., "AVSegFormer: Audio-visual segmentation with transformer", AAAI 2024;
        https://github.com/vvvb-github/AVSegFormer. Unused parts of the released head (``fpn``, ``attn_fc``) are left out.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int = 256,
        audio_channels: int = 128,
        *,
        num_layers: int = 6,
        num_heads: int = 8,
        num_points: int = 4,
        ffn_channels: int = 2048,
        norm_groups: int = 32,
        dropout: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if channels % 4 or channels % num_heads or channels % norm_groups:
            raise ValueError(
                f'AVSegFormerNeck: channels={channels} must be a multiple of 4, of num_heads={num_heads} and of '
                f'norm_groups={norm_groups}'
            )
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, channels, 1), nn.GroupNorm(norm_groups, channels)) for c in in_channels
        )
        num_levels = len(in_channels) - 1
        self.level_embed = nn.Parameter(torch.empty(num_levels, channels))
        self.encoder = nn.ModuleList(
            DeformableEncoderLayer(
                channels,
                num_levels,
                num_heads=num_heads,
                num_points=num_points,
                ffn_channels=ffn_channels,
                dropout=dropout,
                activation='gelu',
            )
            for _ in range(num_layers)
        )
        self.lateral = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.GroupNorm(norm_groups, channels))
        self.merge = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.GroupNorm(norm_groups, channels), nn.ReLU(inplace=True)
        )
        self.mixer = ChannelMixer(channels, num_heads)
        xavier_uniform_weights(self)
        for module in self.modules():
            if isinstance(module, MultiScaleDeformableAttention):
                module.reset_parameters()
        nn.init.normal_(self.level_embed)
        self.audio_proj = nn.Linear(audio_channels, channels)

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Encode, merge and gate."""
        if len(features.maps) != len(self.projections):
            raise ValueError(f'AVSegFormerNeck was built for {len(self.projections)} maps, got {len(features.maps)}')
        audio = self.audio_proj(features.audio)
        finest, *maps = (project(x) for project, x in zip(self.projections, features.maps, strict=True))
        memories = self.encode(maps)
        upsampled = F.interpolate(memories[0], finest.shape[-2:], mode='bilinear', align_corners=False)
        mask_feature = self.mixer(self.merge(self.lateral(finest) + upsampled), audio.flatten(0, 1))
        valid = features.frame_valid.flatten()[:, None, None, None]
        maps = tuple(x * valid for x in (mask_feature, *memories))
        return replace(features.updated(maps, mask_feature=maps[0]), audio=audio)

    def encode(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Run the encoder over the tokens of all ``maps`` ``(M, C, H_l, W_l)``; return its memory as maps."""
        shapes = [tuple(x.shape[-2:]) for x in maps]
        channels, device = maps[0].shape[1], maps[0].device
        geometry = LevelGeometry(shapes, device)
        codes = [sine_position_encoding(*shape, channels // 2, device=device).flatten(1).T for shape in shapes]
        pos = torch.cat([code + level for code, level in zip(codes, self.level_embed, strict=True)])
        tokens = torch.cat([x.flatten(2) for x in maps], dim=-1).transpose(1, 2)
        for layer in self.encoder:
            tokens = layer(tokens, pos, geometry)
        memories = tokens.transpose(1, 2).split([h * w for h, w in shapes], dim=-1)
        return [memory.unflatten(-1, shape) for memory, shape in zip(memories, shapes, strict=True)]
