"""Evidential uncertainty."""

from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS

from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, UncertaintyEstimate
from .conv_branch import ConvBranch


@MODELS.register_module()
class DirichletBranch(BaseUncertaintyBranch):
    """Predicts the evidence for every class; little evidence is high uncertainty.

    ``e = softplus(conv(x))``, ``alpha = e + 1``, ``u = K / sum(alpha)``. A binary mask has two classes, background and
    foreground. Train it with ``EvidentialLoss``.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits.
        dropout: Channel dropout before the last layer.
        init_cfg: mmengine initialisation config.

    Shapes:
        - ``aux['evidence']``: ``(M, max(K, 2), h, w)``, non-negative.

    Source:
        Sensoy et al., "Evidential deep learning to quantify classification uncertainty", NeurIPS 2018.
    """

    def __init__(
        self, channels: int, num_classes: int = 1, dropout: float = 0.0, *, init_cfg: dict | None = None
    ) -> None:
        super().__init__(channels, num_classes, dropout, init_cfg=init_cfg)
        self.branch = ConvBranch(channels, max(num_classes, 2), dropout)

    def forward(self, x: Tensor, mask: MaskPrediction) -> UncertaintyEstimate:
        """Estimate from the feature map alone."""
        evidence = F.softplus(self.branch(x)[0].float())
        classes = evidence.shape[1]
        return UncertaintyEstimate(classes / (evidence.sum(1) + classes), dict(evidence=evidence))
