"""The query side of AVSegFormer: queries made from audio, transformer decoder, dense mixing of queries and pixels."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.models.layers import FeedForward, TransformerLayer, attend, xavier_uniform_weights
from mmavs.registry import MODELS

from .base_avs_head import BaseAVSHead


class AudioQueryLayer(nn.Module):
    """Self-attention among queries, attention to one audio token, feed-forward; each with residual and layer norm.

    A softmax over one token is 1, so attention to it is its value, whatever the query: the published query and key
    projections have no effect and are not built.

    Args:
        channels: ``C``.
        num_heads: Heads of the self-attention, which has no bias.
        ffn_channels: Width inside the feed-forward part.
    """

    def __init__(self, channels: int, num_heads: int, ffn_channels: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(channels, num_heads, bias=False, batch_first=True)
        self.self_norm = nn.LayerNorm(channels)
        self.audio_value = nn.Linear(channels, channels, bias=False)
        self.audio_out = nn.Linear(channels, channels, bias=False)
        self.audio_norm = nn.LayerNorm(channels)
        self.ffn = FeedForward(channels, ffn_channels, activation='gelu')
        self.ffn_norm = nn.LayerNorm(channels)

    def forward(self, query: Tensor, audio: Tensor) -> Tensor:
        """Map queries ``(M, Q, C)``, or ``(1, Q, C)`` where they do not depend on the frame yet, and ``audio`` ``(M, 1, C)``."""
        query = self.self_norm(query + attend(self.self_attn, query, query))
        query = self.audio_norm(query + self.audio_out(self.audio_value(audio)))
        return self.ffn_norm(query + self.ffn(query))


class AudioQueryGenerator(nn.Module):
    """Turns the audio token of each frame into queries.

    Args:
        channels: ``C``.
        num_queries: ``Q``.
        num_layers: Layers.
        num_heads: Attention heads.
        ffn_channels: Width inside the feed-forward parts.

    Source:
        Gao et al., AAAI 2024, sec. 3.3.
    """

    def __init__(self, channels: int, num_queries: int, num_layers: int, num_heads: int, ffn_channels: int) -> None:
        super().__init__()
        self.query = nn.Embedding(num_queries, channels)
        self.layers = nn.ModuleList(AudioQueryLayer(channels, num_heads, ffn_channels) for _ in range(num_layers))

    def forward(self, audio: Tensor) -> Tensor:
        """Map ``(M, 1, C)`` to ``(M, Q, C)``."""
        query = self.query.weight[None]
        for layer in self.layers:
            query = layer(query, audio)
        return query


class QueryPixelMLP(nn.Module):
    """Three 1x1 convolutions over the products of all queries with each pixel.

    The first one is applied to the queries instead of to their products with the pixels, ``W (q f) = (W q) f``, so the
    ``Q`` products of each pixel are never formed.

    Args:
        num_queries: ``Q``.
        hidden_channels: Width of the two hidden layers.
        out_channels: Width of the result.
    """

    def __init__(self, num_queries: int, hidden_channels: int, out_channels: int) -> None:
        super().__init__()
        self.query_mix = nn.Linear(num_queries, hidden_channels)
        self.hidden = nn.Conv2d(hidden_channels, hidden_channels, 1)
        self.out = nn.Conv2d(hidden_channels, out_channels, 1)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """Map queries ``(M, Q, C)`` and pixels ``(M, C, H, W)`` to ``(M, C_out, H, W)``."""
        kernels = torch.matmul(self.query_mix.weight, query)
        mixed = torch.baddbmm(self.query_mix.bias[:, None], kernels, x.flatten(2))  # no second pass for the bias
        mixed = F.relu(mixed, inplace=True).unflatten(-1, x.shape[-2:])
        return self.out(F.relu(self.hidden(mixed), inplace=True))


@MODELS.register_module()
class AVSegFormerHead(BaseAVSHead):
    """Audio queries read the coarse maps; the queries are then mixed with the finest map pixel by pixel.

    Args:
        channels: ``C`` of all incoming maps.
        num_classes: ``K``; 1 for one binary logit.
        audio_channels: Width of ``features.audio`` where no neck has projected it to ``C``; ``None`` behind
            ``AVSegFormerNeck``, which has.
        num_queries: ``Q``.
        num_generator_layers: Layers of the query generator.
        num_layers: Layers of the decoder.
        num_heads: Attention heads.
        generator_ffn_channels: Width inside the generator's feed-forward parts.
        ffn_channels: Width inside the decoder's feed-forward parts.
        mix_channels: Hidden width of the mixing network.
        smooth_channels: Width of the last 3x3 convolution.
        dropout: Rate in the decoder.
        learnable_queries: Add learnt queries to the generated ones.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: the finest map ``(M, C, H / 4, W / 4)`` and any number of coarser ones.
        - out: logits ``(B, T, K, H, W)``, zero on padded frames.

    Raises:
        ValueError: Audio features or maps of another width, or fewer than two maps.

    Source:
        Gao et al., "AVSegFormer: Audio-visual segmentation with transformer", AAAI 2024;
        https://github.com/vvvb-github/AVSegFormer.
    """

    def __init__(
        self,
        channels: int = 256,
        num_classes: int = 1,
        *,
        audio_channels: int | None = None,
        num_queries: int = 300,
        num_generator_layers: int = 6,
        num_layers: int = 6,
        num_heads: int = 8,
        generator_ffn_channels: int = 1024,
        ffn_channels: int = 2048,
        mix_channels: int = 2048,
        smooth_channels: int = 32,
        dropout: float = 0.1,
        learnable_queries: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.channels = channels
        self.num_classes = num_classes
        self.generator = AudioQueryGenerator(
            channels, num_queries, num_generator_layers, num_heads, generator_ffn_channels
        )
        self.learnable_query = nn.Embedding(num_queries, channels) if learnable_queries else None
        self.decoder = nn.ModuleList(
            TransformerLayer(
                channels, num_heads, ffn_channels, dropout=dropout, activation='gelu', cross_attention=True
            )
            for _ in range(num_layers)
        )
        self.mix = QueryPixelMLP(num_queries, mix_channels, channels)
        self.reduce = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.smooth = nn.Conv2d(channels // 2, smooth_channels, 3, padding=1)
        self.classify = nn.Conv2d(smooth_channels, num_classes, 1, bias=False)
        xavier_uniform_weights(self)
        for layer in self.generator.layers:
            # as drawn for the published matrix, which holds query, key and value projection
            nn.init.xavier_uniform_(layer.audio_value.weight, gain=math.sqrt(0.5))
        self.audio_proj = nn.Identity() if audio_channels is None else nn.Linear(audio_channels, channels)

    def forward(self, features: AVSFeatures, size: tuple[int, int]) -> AVSOutput:
        """Decode the maps into logits at ``size``."""
        audio = self.audio_proj(features.audio)
        self._check(features.maps, audio)
        query = self.generator(audio.flatten(0, 1)[:, None])
        if self.learnable_query is not None:
            query = query + self.learnable_query.weight
        memory = torch.cat([x.flatten(2) for x in features.maps[1:]], dim=-1).transpose(1, 2)
        for layer in self.decoder:
            query = layer(query, memory)
        x = features.maps[0]
        x = self.reduce(x + self.mix(query, x))
        x = F.interpolate(x, size, mode='bilinear', align_corners=False)
        logits = self.classify(F.relu(self.smooth(x), inplace=True)).unflatten(0, features.frame_valid.shape)
        return AVSOutput(logits * features.frame_valid[:, :, None, None, None], features)

    def _check(self, maps: tuple[Tensor, ...], audio: Tensor) -> None:
        if len(maps) < 2 or any(x.shape[1] != self.channels for x in maps):
            raise ValueError(
                f'AVSegFormerHead needs at least two maps of {self.channels} channels, got maps of '
                f'{[x.shape[1] for x in maps]} channels'
            )
        if audio.shape[-1] != self.channels:
            raise ValueError(
                f'AVSegFormerHead: audio features have {audio.shape[-1]} channels, expected {self.channels}; set '
                f'audio_channels={audio.shape[-1]} where the neck does not project them'
            )
