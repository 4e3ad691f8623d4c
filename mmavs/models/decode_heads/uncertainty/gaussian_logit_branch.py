"""Aleatoric uncertainty of the logits."""

import math
from typing import Literal

import torch
from torch import Tensor

from mmavs.registry import MODELS

from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, Size, UncertaintyEstimate, at_size
from .conv_branch import ConvBranch
from .measures import class_probabilities, measure_by_name

MAX_LOG_VAR = 8.0


@MODELS.register_module()
class GaussianLogitBranch(BaseUncertaintyBranch):
    """Takes the mask logits as means of Gaussians and predicts their variances.

    The expected probabilities are those of the logits divided by ``sqrt(1 + pi sigma^2 / 8)`` (probit approximation; its
    mean-field form for several classes), and the uncertainty is a measure of them. With ``sigma = 0`` it is the mask's own
    uncertainty; variance adds what the mask does not admit. Train it with ``GaussianLogitLoss``.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits.
        dropout: Channel dropout before the last layer.
        measure: ``'error'``: probability that the likeliest class is wrong; ``'entropy'``; both scaled to [0, 1].
        init_cfg: mmengine initialisation config.

    Shapes:
        - ``aux['logit_log_var']``: ``(M, K, H, W)``, within +-8.

    Raises:
        ValueError: An unknown ``measure``.

    Source:
        Kendall and Gal, "What uncertainties do we need in Bayesian deep learning for computer vision?", NeurIPS 2017, eq. 12;
        MacKay, "The evidence framework applied to classification networks", 1992 (probit approximation).
    """

    def __init__(
        self,
        channels: int,
        num_classes: int = 1,
        dropout: float = 0.0,
        *,
        measure: Literal['error', 'entropy'] = 'error',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(channels, num_classes, dropout, init_cfg=init_cfg)
        self.measure = measure_by_name(measure, 'GaussianLogitBranch')
        self.branch = ConvBranch(channels, num_classes, dropout)

    def forward(self, x: Tensor, mask: MaskPrediction, size: Size) -> UncertaintyEstimate:
        """Estimate from the predicted variances and the mask logits."""
        log_var = at_size(self.branch(x)[0], size).float().clamp(-MAX_LOG_VAR, MAX_LOG_VAR)
        expected = class_probabilities(mask.logits.float() * torch.rsqrt(1 + math.pi / 8 * log_var.exp()))
        return UncertaintyEstimate(self.measure(expected), dict(logit_log_var=log_var))
