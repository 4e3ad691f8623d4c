"""The mask's own uncertainty."""

from typing import Literal

from torch import Tensor

from mmavs.registry import MODELS

from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, Size, UncertaintyEstimate
from .measures import class_probabilities, measure_by_name


@MODELS.register_module()
class EntropyBranch(BaseUncertaintyBranch):
    """Reads the uncertainty off the mask's own probabilities; no parameters. The baseline of every other branch.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits.
        dropout: Dropout rate of the head; makes no difference here.
        measure: ``'entropy'``, or ``'error'``: ``1 - |2 p - 1|`` for a binary mask. For two classes both rank pixels alike.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: An unknown ``measure``.
    """

    def __init__(
        self,
        channels: int,
        num_classes: int = 1,
        dropout: float = 0.0,
        *,
        measure: Literal['error', 'entropy'] = 'entropy',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(channels, num_classes, dropout, init_cfg=init_cfg)
        self.measure = measure_by_name(measure, 'EntropyBranch')

    def forward(self, x: Tensor, mask: MaskPrediction, size: Size) -> UncertaintyEstimate:
        """Estimate from the mask logits alone."""
        return UncertaintyEstimate(self.measure(class_probabilities(mask.logits)))
