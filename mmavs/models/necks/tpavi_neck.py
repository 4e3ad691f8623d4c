"""TPAVI: temporal pixel-wise audio-visual interaction."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from mmavs.models.contracts import AVSFeatures
from mmavs.models.layers import build_context
from mmavs.registry import MODELS

from .base_av_neck import BaseAVNeck
from .tpavi_attention import attend_linear, attend_quadratic


class TPAVIBlock(nn.Module):
    """The non-local block of TPAVI in "dot" mode, in its linear form.

    The published block computes, per group of ``T`` frames with ``n`` positions each, ``y = (f / N) g(x)`` with
    ``f = theta(x)^T phi(a)`` of size ``N x N``, ``N = T n``. There is no softmax, so ``y = theta(x)^T K`` with the
    ``C' x C'`` matrix ``K = phi(a) g(x)^T / N``: the result is the same up to rounding and the cost linear in ``N``. With
    audio, ``phi(a)`` is one vector per frame, and ``K`` needs only the frame's mean of ``g(x)``, which is ``g`` of the mean.

    Args:
        channels: ``C``; the block works with ``C' = C // 2`` inside.
        audio_channels: ``A``.
        align_bias: Whether the audio projection has a bias (the AVSS release has none).
        frames_per_group: Frames that see each other; ``None`` for the whole clip.
        mask_padding: Leave padded frames out of the group's mean. ``False`` is the published arithmetic, in which the
            zeroed maps of padded frames still count through the biases.
        attention: ``'linear'``, or ``'quadratic'`` for the published order of the products (same numbers, many times the
            time and memory; what the linear form is measured against).

    Source:
        Zhou et al., "Audio-visual segmentation", ECCV 2022, eq. 2; https://github.com/OpenNLPLab/AVSBench.
    """

    def __init__(
        self,
        channels: int,
        audio_channels: int,
        *,
        align_bias: bool,
        frames_per_group: int | None,
        mask_padding: bool,
        attention: Literal['linear', 'quadratic'] = 'linear',
    ) -> None:
        super().__init__()
        if attention not in ('linear', 'quadratic'):
            raise ValueError(f"TPAVI: attention must be 'linear' or 'quadratic', got {attention!r}")
        if frames_per_group is not None and frames_per_group < 1:
            raise ValueError(f'TPAVI: frames_per_group must be at least 1 or None, got {frames_per_group}')
        inner = channels // 2
        self.align_channel = nn.Linear(audio_channels, channels, bias=align_bias)
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)
        self.g = nn.Conv2d(channels, inner, 1)
        self.out_proj = nn.Conv2d(inner, channels, 1)
        self.out_norm = nn.BatchNorm2d(channels)
        self.layer_norm = nn.LayerNorm(channels)
        nn.init.zeros_(self.out_norm.weight)
        nn.init.zeros_(self.out_norm.bias)
        self.frames_per_group = frames_per_group
        self.mask_padding = mask_padding
        self.attention = attention

    def forward(self, x: Tensor, key: Tensor | None, frame_valid: Tensor) -> Tensor:
        """Attend and add.

        Args:
            x: Visual map ``(M, C, H, W)``, zero on padded frames.
            key: Aligned audio ``(B, T, C)``; ``None`` for the visual-visual branch, where the map attends to itself.
            frame_valid: ``(B, T)`` bool.

        Returns:
            ``(M, C, H, W)``.
        """
        weight = frame_valid if self.mask_padding else torch.ones_like(frame_valid)
        weight = weight.to(torch.promote_types(x.dtype, torch.float32))
        query = self.theta(x)
        if self.attention == 'quadratic':
            spread = x if key is None else key.flatten(0, 1)[:, :, None, None].expand_as(x)
            attended = attend_quadratic(query, self.phi(spread), self.g(x), weight, self.frames_per_group)
        else:
            kernel = self.visual_kernel(x) if key is None else self.audio_kernel(x, key)
            attended = attend_linear(query, kernel, weight, self.frames_per_group)
        x = x + self.out_norm(self.out_proj(attended))
        return self.layer_norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def audio_kernel(self, x: Tensor, key: Tensor) -> Tensor:
        """Return ``phi(a) mean(g(x))^T`` of each frame, ``(M, C', C')``."""
        phi = self.phi(key.flatten(0, 1)[:, :, None, None]).flatten(1)
        g = self.g(x.mean((-2, -1), keepdim=True)).flatten(1)
        return phi.unsqueeze(2) * g.unsqueeze(1)

    def visual_kernel(self, x: Tensor) -> Tensor:
        """Return ``phi(x) g(x)^T / n`` of each frame, ``(M, C', C')``."""
        phi, g = self.phi(x).flatten(2), self.g(x).flatten(2)
        return phi @ g.transpose(1, 2) / phi.shape[-1]


@MODELS.register_module()
class TPAVINeck(BaseAVNeck):
    """Dilated context and TPAVI fusion at chosen stages.

    Args:
        in_channels: Channels of the backbone's maps, finest first.
        channels: ``C`` of the returned maps.
        audio_channels: ``A``.
        stages: Stages that are fused; the others pass the context convolutions only.
        audio_visual: Use the audio-visual branch.
        visual_visual: Use the branch in which the map attends to itself; with both, the results are averaged.
        align_bias: Bias of the audio projection (``False`` in the AVSS release).
        frames_per_group: Frames that see each other. The published code always groups by five, so a ten-frame clip becomes
            two groups; ``1`` fuses frame by frame, ``None`` takes the whole clip.
        mask_padding: See ``TPAVIBlock``.
        attention: See ``TPAVIBlock``.
        context: How the backbone's maps come to ``channels``, see ``build_context``; ``'dilated'`` as published.
        norm_inputs: Batch-normalise the backbone's maps first. Not published; the small initial weights of the context
            convolutions expect maps of unit scale, and those of EfficientNet-Lite0 are up to thirteen times that.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to ``(M, C, H_l, W_l)``, zero on padded frames.
        - ``aux['tpavi_audio']``: per stage the aligned audio ``(B, T, C)``, ``None`` where the stage has no audio branch.

    Raises:
        ValueError: No branch is on, a stage does not exist, or an unknown ``context``.

    Source:
        Zhou et al., ECCV 2022; https://github.com/OpenNLPLab/AVSBench.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int = 256,
        audio_channels: int = 128,
        *,
        stages: Sequence[int] = (0, 1, 2, 3),
        audio_visual: bool = True,
        visual_visual: bool = False,
        align_bias: bool = True,
        frames_per_group: int | None = 5,
        mask_padding: bool = True,
        attention: Literal['linear', 'quadratic'] = 'linear',
        context: Literal['dilated', 'pointwise'] = 'dilated',
        norm_inputs: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not (audio_visual or visual_visual):
            raise ValueError('TPAVINeck needs audio_visual=True, visual_visual=True or both')
        if not set(stages) <= set(range(len(in_channels))):
            raise ValueError(f'stages {tuple(stages)} must lie in 0..{len(in_channels) - 1} (in_channels)')
        self.audio_visual = audio_visual
        self.visual_visual = visual_visual
        self.input_norms = nn.ModuleList(nn.BatchNorm2d(c) if norm_inputs else nn.Identity() for c in in_channels)
        self.context = nn.ModuleList(build_context(context, c, channels) for c in in_channels)
        self.blocks = nn.ModuleDict(
            {
                str(stage): TPAVIBlock(
                    channels,
                    audio_channels,
                    align_bias=align_bias,
                    frames_per_group=frames_per_group,
                    mask_padding=mask_padding,
                    attention=attention,
                )
                for stage in sorted(stages)
            }
        )
        if not audio_visual:
            for block in self.blocks.values():
                block.align_channel.requires_grad_(False)  # not used by the visual-visual branch

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Fuse every chosen stage.

        Raises:
            ValueError: Another number of maps than ``in_channels``.
        """
        if len(features.maps) != len(self.context):
            raise ValueError(f'TPAVINeck was built for {len(self.context)} maps, got {len(features.maps)}')
        valid = features.frame_valid.flatten()[:, None, None, None]
        maps, audio = [], []
        for stage, (x, norm, context) in enumerate(zip(features.maps, self.input_norms, self.context, strict=True)):
            x = context(norm(x)) * valid
            aligned = None
            if str(stage) in self.blocks:
                x, aligned = self._fuse(self.blocks[str(stage)], x, features)
                x = x * valid
            maps.append(x)
            audio.append(aligned)
        return features.updated(maps=tuple(maps), tpavi_audio=tuple(audio))

    def _fuse(self, block: TPAVIBlock, x: Tensor, features: AVSFeatures) -> tuple[Tensor, Tensor | None]:
        """Average the active branches; return the map and the aligned audio."""
        aligned = block.align_channel(features.audio) if self.audio_visual else None
        branches = [block(x, None, features.frame_valid)] if self.visual_visual else []
        if aligned is not None:
            branches.append(block(x, aligned, features.frame_valid))
        return sum(branches) / len(branches), aligned
