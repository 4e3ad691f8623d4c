"""Fusion without groups: the simple necks every comparison needs beside the one under study."""

import math
from typing import Any

import torch
from mmcv.cnn import ConvModule
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .stagewise_neck import AudioMLP, StagewiseNeck


class ChannelGateBlock(nn.Module):
    """``x + BN(W (x * sigmoid(MLP(a))))``: the sound opens and closes channels, the same at every position."""

    def __init__(self, channels: int, audio_channels: int) -> None:
        super().__init__()
        self.gate = AudioMLP(audio_channels, channels)
        self.mix = ConvModule(channels, channels, 1, norm_cfg=dict(type='BN'), act_cfg=None)

    def forward(self, x: Tensor, audio: Tensor) -> Tensor:
        """Gate the channels of ``x`` and add."""
        return x + self.mix(x * self.gate(audio).sigmoid()[:, :, None, None])


class ConcatBlock(nn.Module):
    """``x + U relu(V x + A a)``: the sound is concatenated to every token, as a sum of two projections."""

    def __init__(self, channels: int, audio_channels: int) -> None:
        super().__init__()
        self.visual = nn.Conv2d(channels, channels, 1)
        self.audio = nn.Linear(audio_channels, channels)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, audio: Tensor) -> Tensor:
        """Mix and add."""
        return x + self.out((self.visual(x) + self.audio(audio)[:, :, None, None]).relu())


class GlobalAttnBlock(nn.Module):
    """The sound attends to all tokens of the frame (softmax); what it has read gates the channels.

    The audio is the only query, so the result is one vector per frame: it can say what is there, not where.
    """

    def __init__(self, channels: int, audio_channels: int) -> None:
        super().__init__()
        self.norm = LayerNorm2d(channels)
        self.query = AudioMLP(audio_channels, channels)
        self.key = nn.Conv2d(channels, channels, 1, bias=False)
        self.value = nn.Conv2d(channels, channels, 1, bias=False)
        self.gate = nn.Linear(channels, channels)
        self.mix = ConvModule(channels, channels, 1, norm_cfg=dict(type='BN'), act_cfg=None)

    def forward(self, x: Tensor, audio: Tensor) -> Tensor:
        """Attend, gate and add."""
        normed = self.norm(x)
        key, value = self.key(normed).flatten(2), self.value(normed).flatten(2)
        weights = (self.query(audio).unsqueeze(1) @ key / math.sqrt(x.shape[1])).softmax(-1)
        read = (weights * value).sum(-1)
        return x + self.mix(x * self.gate(read).sigmoid()[:, :, None, None])


class ResponseGateBlock(nn.Module):
    """``x + sigmoid(s) W LN(x)`` with ``s = scale cos(q(a), k(x)) + bias``: AMA's cosine response without groups.

    Args:
        channels: ``C``.
        audio_channels: ``A``.
        scale: Start of the learnt factor of the cosine.
        bias: Start of the learnt offset.
    """

    def __init__(self, channels: int, audio_channels: int, *, scale: float = 8.0, bias: float = -2.0) -> None:
        super().__init__()
        self.norm = LayerNorm2d(channels)
        self.query = AudioMLP(audio_channels, channels)
        self.key = nn.Conv2d(channels, channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)
        self.scale = nn.Parameter(torch.tensor(float(scale)))
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def forward(self, x: Tensor, audio: Tensor) -> Tensor:
        """Gate the positions and add."""
        normed = self.norm(x)
        cosine = torch.cosine_similarity(self.query(audio)[:, :, None, None], self.key(normed), dim=1, eps=1e-6)
        return x + (self.scale * cosine + self.bias).sigmoid().unsqueeze(1) * self.out(normed)


class AudioConditionedNeck(StagewiseNeck):
    """A stage-wise neck whose block maps ``(map (M, C, H, W), audio (M, A))`` to a map; sub-classes name the block.

    Args:
        block: Further arguments of the block.
        **common: See ``StagewiseNeck``.
    """

    block_type: type[nn.Module]

    def __init__(self, *args: Any, block: dict | None = None, **common: Any) -> None:
        super().__init__(*args, **common)
        self.build_blocks(**(block or {}))

    def build_block(self, stage: int, channels: int, **options: Any) -> nn.Module:
        """Return ``block_type`` for maps with ``channels`` channels."""
        return self.block_type(channels, self.audio_channels, **options)

    def fuse(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Run the block on one map."""
        return self.blocks[str(stage)](x, context.audio.flatten(0, 1))


@MODELS.register_module()
class ChannelGateNeck(AudioConditionedNeck):
    """The sound gates channels; the strongest simple baseline known on AVStamps. See ``ChannelGateBlock``."""

    block_type = ChannelGateBlock


@MODELS.register_module()
class ConcatNeck(AudioConditionedNeck):
    """The sound is concatenated to every token. See ``ConcatBlock``."""

    block_type = ConcatBlock


@MODELS.register_module()
class GlobalAttnNeck(AudioConditionedNeck):
    """The sound attends to all tokens of a frame. See ``GlobalAttnBlock``."""

    block_type = GlobalAttnBlock


@MODELS.register_module()
class ResponseGateNeck(AudioConditionedNeck):
    """Each token is gated by its cosine response to the sound, without groups. See ``ResponseGateBlock``."""

    block_type = ResponseGateBlock


@MODELS.register_module()
class IdentityNeck(StagewiseNeck):
    """No fusion: the maps pass (projected, if ``channels`` is set) and the sound is not used."""

    def __init__(self, *args: Any, **common: Any) -> None:
        super().__init__(*args, **{**common, 'stages': ()})

    def build_block(self, stage: int, channels: int, **options: Any) -> nn.Module:
        """Return an identity; no stage is fused, so none is ever built."""
        return nn.Identity()

    def fuse(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Return the map."""
        return x
