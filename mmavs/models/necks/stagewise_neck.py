"""The frame shared by all necks that fuse each stage with a block of its own."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmavs.models.contracts import AVSFeatures

from .base_av_neck import BaseAVNeck


class AudioMLP(nn.Sequential):
    """Two-layer perceptron that brings the audio vector to a stage's width (hidden width 4x, GELU, as in DDESeg).

    Args:
        audio_channels: ``A``.
        channels: Width of the result.
    """

    def __init__(self, audio_channels: int, channels: int) -> None:
        super().__init__(
            nn.Linear(audio_channels, 4 * audio_channels), nn.GELU(), nn.Linear(4 * audio_channels, channels)
        )


class StagewiseNeck(BaseAVNeck):
    """Fuse chosen stages, one block each, between the backbone's stages or after them.

    Sub-classes build their block in ``build_block`` and run it in ``fuse``; everything else is the same for all of them, so
    that a comparison of two such necks compares their blocks.

    Args:
        in_channels: Channels of the backbone's maps, finest first.
        audio_channels: ``A``.
        stages: Stages that are fused; the others pass (projected, if ``channels`` is set).
        between_stages: Act behind each encoder stage and feed the next one. Otherwise act on the finished maps.
        channels: Width to which the maps are projected first (1x1 convolution and batch norm); ``None`` keeps each stage's
            own width. Only where ``between_stages`` is false: the next encoder stage needs the width it was built for.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: ``(M, C_l, H_l, W_l)`` to the same shape, or ``(M, channels, H_l, W_l)``; zero on padded frames.

    Raises:
        ValueError: A stage does not exist, ``channels`` together with ``between_stages``, or another number of maps than
            ``in_channels``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        audio_channels: int = 128,
        *,
        stages: Sequence[int] = (0, 1, 2, 3),
        between_stages: bool = False,
        channels: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        name = type(self).__name__
        if not set(stages) <= set(range(len(in_channels))):
            raise ValueError(f'{name}: stages {tuple(stages)} must lie in 0..{len(in_channels) - 1} (in_channels)')
        if between_stages and channels is not None:
            raise ValueError(
                f'{name}: channels={channels} projects the maps, which the next encoder stage cannot read; leave it out or '
                'set between_stages=False'
            )
        self.between_stages = between_stages
        self.stages = tuple(sorted(stages))
        self.in_channels = tuple(in_channels)
        self.audio_channels = audio_channels
        self.widths = tuple(in_channels) if channels is None else (channels,) * len(in_channels)
        self.projections = nn.ModuleList(
            nn.Identity() if channels is None else ConvModule(c, channels, 1, norm_cfg=dict(type='BN'), act_cfg=None)
            for c in in_channels
        )

    def build_blocks(self, **options: Any) -> None:
        """Build the block of every fused stage; called by ``__init__`` of a sub-class."""
        self.blocks = nn.ModuleDict({str(i): self.build_block(i, self.widths[i], **options) for i in self.stages})

    @abstractmethod
    def build_block(self, stage: int, channels: int, **options: Any) -> nn.Module:
        """Return the block of one stage, whose maps have ``channels`` channels."""

    @abstractmethod
    def fuse(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Run the block of ``stage`` on ``x`` ``(M, C, H, W)``; may leave intermediates in ``context.aux``."""

    def fuse_stage(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Fuse the map of one stage; padded frames come out as zero."""
        if stage not in self.stages:
            return x
        return self.fuse(stage, x, context) * context.frame_valid.flatten()[:, None, None, None]

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Fuse the maps stage by stage, unless this was done between the encoder's stages already."""
        if len(features.maps) != len(self.in_channels):
            raise ValueError(
                f'{type(self).__name__} was built for {len(self.in_channels)} maps (in_channels), got {len(features.maps)}'
            )
        if self.between_stages:
            return self.finish(features)
        features = features.updated()  # a copy, whose aux the blocks may fill
        valid = features.frame_valid.flatten()[:, None, None, None]
        maps = (project(x) * valid for project, x in zip(self.projections, features.maps, strict=True))
        fused = tuple(self.fuse_stage(i, x, features) for i, x in enumerate(maps))
        return self.finish(features.updated(maps=fused))

    def finish(self, features: AVSFeatures) -> AVSFeatures:
        """Add what losses and pictures need once all stages are fused; nothing by default."""
        return features
