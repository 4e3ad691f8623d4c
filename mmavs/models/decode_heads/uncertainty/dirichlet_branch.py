"""Evidential uncertainty."""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS

from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, Size, UncertaintyEstimate, at_size
from .conv_branch import ConvBranch
from .measures import measure_by_name

VACUITY = 'vacuity'


@MODELS.register_module()
class DirichletBranch(BaseUncertaintyBranch):
    """Predicts the evidence for every class; little evidence, or contradictory evidence, is high uncertainty.

    ``e = softplus(conv(x))``, ``alpha = e + 1``. A binary mask has two classes, background and foreground. Train it with
    ``EvidentialLoss``.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits.
        dropout: Channel dropout before the last layer.
        measure: ``'vacuity'``: ``u = K / sum(alpha)``, the published one, which looks at the amount of evidence only;
            ``'error'``, ``'entropy'``: probability that the likeliest class of the mean ``alpha / sum(alpha)`` is wrong, and
            entropy of the mean, both scaled to [0, 1]; these are high where the evidence is balanced, too.
        init_cfg: mmengine initialisation config.

    Shapes:
        - ``aux['evidence']``: ``(M, max(K, 2), h, w)``, non-negative; at the map's resolution, where the loss is computed.

    Raises:
        ValueError: An unknown ``measure``.

    Source:
        Sensoy et al., "Evidential deep learning to quantify classification uncertainty", NeurIPS 2018.
    """

    def __init__(
        self,
        channels: int,
        num_classes: int = 1,
        dropout: float = 0.0,
        *,
        measure: Literal['vacuity', 'error', 'entropy'] = 'vacuity',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(channels, num_classes, dropout, init_cfg=init_cfg)
        self.measure = None if measure == VACUITY else measure_by_name(measure, 'DirichletBranch', VACUITY)
        self.branch = ConvBranch(channels, max(num_classes, 2), dropout)

    def forward(self, x: Tensor, mask: MaskPrediction, size: Size) -> UncertaintyEstimate:
        """Estimate from the feature map alone."""
        raw = self.branch(x)[0].float()
        alpha = F.softplus(at_size(raw, size)) + 1
        total = alpha.sum(1)
        uncertainty = alpha.shape[1] / total if self.measure is None else self.measure(alpha / total.unsqueeze(1))
        return UncertaintyEstimate(uncertainty, dict(evidence=F.softplus(raw)))
