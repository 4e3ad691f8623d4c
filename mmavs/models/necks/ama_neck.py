"""AMA: audio-guided visual convergent alignment between the encoder's stages."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS
from mmavs.utils import build_module

from .ama_block import AMABlock
from .stagewise_neck import StagewiseNeck


@MODELS.register_module()
class AMANeck(StagewiseNeck):
    """Group the tokens of a stage, align the groups with the sound, and hand the result to the next stage.

    Args:
        in_channels: Channels of the backbone's maps, finest first.
        audio_channels: ``A``.
        clustering: How tokens are grouped (``BaseClustering``), config or module.
        num_groups: ``P``, one for all stages or one per backbone stage.
        widths: ``D`` per backbone stage, the width the block works in; ``None`` keeps the width of the map.
        carry: Carry the compact representation from stage to stage.
        picture_stage: Stage whose groups and responses are left for pictures; the last fused one below it if it is not
            fused itself.
        block: Further arguments of ``AMABlock``: ``num_heads``, ``response``, ``guide``, ``num_updates``, ...
        stages: See ``StagewiseNeck``.
        between_stages: See ``StagewiseNeck``.
        channels: See ``StagewiseNeck``.
        init_cfg: mmengine initialisation config.

    Shapes:
        - maps: as ``StagewiseNeck``.
        - ``aux['ama_stages']``: ``AMAStage`` by stage.
        - ``aux['groups']`` ``(M, h, w)`` and ``aux['response']`` ``(M, h, w)`` in [0, 1], of ``picture_stage``.

    Raises:
        ValueError: ``num_groups`` or ``widths`` do not give one value per stage.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        audio_channels: int = 128,
        *,
        clustering: dict | nn.Module,
        num_groups: int | Sequence[int] = 5,
        widths: Sequence[int] | None = None,
        carry: bool = True,
        picture_stage: int = 2,
        block: dict | None = None,
        stages: Sequence[int] = (0, 1, 2, 3),
        between_stages: bool = True,
        channels: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            audio_channels,
            stages=stages,
            between_stages=between_stages,
            channels=channels,
            init_cfg=init_cfg,
        )
        groups = (num_groups,) * len(in_channels) if isinstance(num_groups, int) else tuple(num_groups)
        block_widths = self.widths if widths is None else tuple(widths)
        for name, values in dict(num_groups=groups, widths=block_widths).items():
            if len(values) != len(in_channels) or min(values) < 1:
                raise ValueError(
                    f'AMANeck: {name} must be a positive number for each of the {len(in_channels)} stages, got {values}'
                )
        self.clustering = build_module(clustering, MODELS)
        self.num_groups = groups
        self.block_widths = block_widths
        self.carry = carry
        fused_up_to = [stage for stage in self.stages if stage <= picture_stage]
        self.picture_stage = fused_up_to[-1] if fused_up_to else self.stages[0]
        self.build_blocks(**(block or {}))

    def build_block(self, stage: int, channels: int, **options: Any) -> nn.Module:
        """Return the ``AMABlock`` of one stage."""
        before = [s for s in self.stages if s < stage]
        return AMABlock(
            channels,
            self.audio_channels,
            self.num_groups[stage],
            width=self.block_widths[stage],
            previous_width=self.block_widths[before[-1]] if self.carry and before else None,
            **options,
        )

    def fuse(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Group, align and map back one map; leave the stage's record in ``context.aux``."""
        block = self.blocks[str(stage)]
        size = tuple(x.shape[-2:])
        tokens = block.tokens(x)
        valid = context.frame_valid.flatten()[:, None].expand(-1, tokens.shape[1])
        labels = self.clustering(tokens.detach(), self.num_groups[stage], mask=valid, size=size)
        records = context.aux.setdefault('ama_stages', {})
        before = [s for s in records if s < stage]
        previous = records[before[-1]] if before else None
        records[stage] = block(x, tokens, labels, context.audio.flatten(0, 1), previous)
        return records[stage].maps

    def finish(self, features: AVSFeatures) -> AVSFeatures:
        """Name the groups and responses that pictures show."""
        shown = features.aux['ama_stages'][self.picture_stage]
        return features.updated(groups=shown.groups, response=shown.scores.sigmoid())
