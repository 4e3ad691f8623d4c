"""CATR: combinatorial-dependence audio-visual encoding."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from mmavs.models.contracts import AVSFeatures
from mmavs.models.layers import TransformerLayer, build_context, sine_position_encoding, xavier_uniform_weights
from mmavs.registry import MODELS

from .base_av_neck import BaseAVNeck
from .catr_fusion import BlockGate, TemporalAVLayer, to_every_frame

NUM_TEMPORAL_LAYERS = 3  # the gate joins three outputs; the released code ignores those of further layers


@MODELS.register_module()
class CATRNeck(BaseAVNeck):
    """Two transformer encoders over the pixels of one stage and the audio of the whole clip.

    The spatial encoder treats each frame with all audio tokens of its clip; its tokens are what the queries of ``CATRHead``
    read. The temporal encoder lets pixels and audio of the clip multiply each other; its gated result replaces the map.

    Args:
        in_channels: Channels of the backbone's stages, finest first.
        channels: ``C``, a multiple of 4, ``num_heads`` and ``fusion_heads``.
        audio_channels: ``A``.
        stages: Stages that are kept. The released code also makes a map of stage 0 and never reads it.
        fused_stage: The stage that is encoded, one of ``stages``.
        num_layers: Layers of the spatial encoder, which only the queries read; 0 in front of a head without queries.
        num_heads: Heads of the self-attentions.
        fusion_heads: Heads of the audio-visual attentions.
        ffn_channels: Width inside the feed-forward parts.
        dropout: Rate in encoders and audio projection.
        context: How the backbone's maps come to ``channels``, see ``build_context``; ``'dilated'`` as published.
        official_squared_fusion: See ``MultiplicativeAttention``.
        official_first_frame_audio: See ``TemporalAVLayer``.
        official_second_gate: See ``BlockGate``.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to ``(M, C, H_l, W_l)``, one per entry of ``stages``, in order of the stage.
        - ``aux['query_memory']`` ``(M, N + T, C)``, ``aux['query_memory_pos']`` ``(N + T, C)`` and
          ``aux['query_memory_padding']`` ``(M, N + T)`` bool, true on audio of padded frames.

    Raises:
        ValueError: Widths that do not divide, a stage that does not exist, or another number of maps than ``in_channels``.

    Source:
        Li et al., "CATR: Combinatorial-dependence audio-queried transformer for audio-visual video segmentation", ACM MM
        2023; https://github.com/aspirinone/CATR.github.io.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int = 256,
        audio_channels: int = 128,
        *,
        stages: Sequence[int] = (1, 2, 3),
        fused_stage: int = 1,
        num_layers: int = 3,
        num_heads: int = 8,
        fusion_heads: int = 8,
        ffn_channels: int = 2048,
        dropout: float = 0.1,
        context: Literal['dilated', 'pointwise'] = 'dilated',
        official_squared_fusion: bool = True,
        official_first_frame_audio: bool = True,
        official_second_gate: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if channels % 4 or channels % num_heads or channels % fusion_heads:
            raise ValueError(
                f'CATRNeck: channels={channels} must be a multiple of 4, of num_heads={num_heads} and of '
                f'fusion_heads={fusion_heads}'
            )
        if fused_stage not in stages or not set(stages) <= set(range(len(in_channels))):
            raise ValueError(
                f'CATRNeck: stages {tuple(stages)} must lie in 0..{len(in_channels) - 1} (in_channels) and contain '
                f'fused_stage={fused_stage}'
            )
        self.num_maps = len(in_channels)
        self.stages = tuple(sorted(set(stages)))
        self.fused_stage = fused_stage
        self.spatial_encoder = nn.ModuleList(
            TransformerLayer(channels, num_heads, ffn_channels, dropout=dropout) for _ in range(num_layers)
        )
        self.temporal_encoder = nn.ModuleList(
            TemporalAVLayer(
                channels,
                num_heads=num_heads,
                fusion_heads=fusion_heads,
                ffn_channels=ffn_channels,
                dropout=dropout,
                updates_audio=i < NUM_TEMPORAL_LAYERS - 1,
                official_squared_fusion=official_squared_fusion,
                official_first_frame_audio=official_first_frame_audio,
            )
            for i in range(NUM_TEMPORAL_LAYERS)
        )
        self.gate = BlockGate(channels, official_second_gate=official_second_gate)
        xavier_uniform_weights(self)
        self.context = nn.ModuleDict({str(i): build_context(context, in_channels[i], channels) for i in self.stages})
        self.vid_proj = nn.Conv2d(channels, channels, 1)
        self.audio_proj = nn.Sequential(
            nn.Linear(audio_channels, channels), nn.LayerNorm(channels, eps=1e-12), nn.Dropout(dropout)
        )

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Encode one stage with the audio of its clip."""
        if len(features.maps) != self.num_maps:
            raise ValueError(f'CATRNeck was built for {self.num_maps} maps, got {len(features.maps)}')
        maps = {stage: self.context[str(stage)](features.maps[stage]) for stage in self.stages}
        x = self.vid_proj(maps[self.fused_stage])
        shape, valid = tuple(x.shape[-2:]), features.frame_valid
        tokens, pos, padding = self._tokens(x, features)
        memory = tokens
        for layer in self.spatial_encoder:
            memory = layer(memory, pos=pos, padding=padding)
        outputs = []
        for layer in self.temporal_encoder:
            pixels, tokens = layer(tokens, pos, padding, valid)
            outputs.append(pixels.transpose(1, 2).unflatten(-1, shape))
        maps[self.fused_stage] = self.gate(outputs)
        keep = valid.flatten()[:, None, None, None]
        return features.updated(
            tuple(maps[stage] * keep for stage in self.stages),
            query_memory=memory,
            query_memory_pos=pos,
            query_memory_padding=padding,
        )

    def _tokens(self, x: Tensor, features: AVSFeatures) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens ``(M, N + T, C)`` of each frame, their position code ``(N + T, C)`` and padding ``(M, N + T)``."""
        num_frames, channels, height, width = x.shape
        audio = to_every_frame(self.audio_proj(features.audio))
        tokens = torch.cat((x.flatten(2).transpose(1, 2), audio.to(x.dtype)), dim=1)
        code = sine_position_encoding(height, width, channels // 2, normalize=True, device=x.device)
        pos = torch.cat((code.flatten(1).T, code.new_zeros(audio.shape[1], channels)))
        padded = to_every_frame(~features.frame_valid[..., None])[..., 0]
        padding = torch.cat((padded.new_zeros(num_frames, height * width), padded), dim=1)
        return tokens, pos, padding
