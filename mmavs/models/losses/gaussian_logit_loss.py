"""The loss of Gaussian logits."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from .base_loss import BaseAVSLoss
from .functional import IGNORE, mean_over_flagged, mean_over_pixels
from .uncertainty_functional import at_size_of, expected_likelihood_nll


@MODELS.register_module()
class GaussianLogitLoss(BaseAVSLoss):
    """Negative log of the expected likelihood of the label when the logits are Gaussian; no sampling.

    A binary mask: Gauss-Hermite quadrature of ``E[sigmoid(+-z)]``. Several classes: the expected softmax in its mean-field
    form, ``softmax(m / sqrt(1 + pi sigma^2 / 8))``, which is also what ``GaussianLogitBranch`` reads the uncertainty from.
    Mean over pixels that are not 255, then over annotated frames. The gradient reaches means and variances.

    Args:
        loss_weight: Factor of the term.
        loss_name: Key in the log.
        num_nodes: Nodes of the quadrature; not used with several classes.

    Raises:
        ValueError: No node, or no variances in ``features.aux``.

    Source:
        Kendall and Gal, "What uncertainties do we need in Bayesian deep learning for computer vision?", NeurIPS 2017, eq. 12,
        there with samples in place of the integral.
    """

    default_name = 'loss_unc'

    def __init__(self, loss_weight: float = 0.1, loss_name: str | None = None, *, num_nodes: int = 16) -> None:
        super().__init__(loss_weight, loss_name)
        if num_nodes < 1:
            raise ValueError(f'GaussianLogitLoss needs num_nodes >= 1, got {num_nodes}')
        nodes, weights = np.polynomial.hermite_e.hermegauss(num_nodes)
        self.register_buffer('nodes', torch.tensor(nodes, dtype=torch.float32), persistent=False)
        self.register_buffer('weights', torch.tensor(weights / weights.sum(), dtype=torch.float32), persistent=False)

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: There are no variances in ``features.aux``.
        """
        aux, masks = output.features.aux, targets.masks
        if 'logit_log_var' not in aux or 'mask_logits' not in aux:
            raise ValueError(
                "GaussianLogitLoss needs aux['logit_log_var'] and aux['mask_logits']; use a decode head with a "
                'GaussianLogitBranch'
            )
        mean, log_var = aux['mask_logits'].float(), at_size_of(aux['logit_log_var'], masks)
        if mean.shape[2] == 1:
            per_pixel = expected_likelihood_nll(mean[:, :, 0], log_var[:, :, 0], masks == 1, self.nodes, self.weights)
        else:
            expected = mean * torch.rsqrt(1 + math.pi / 8 * log_var.exp())
            labels = masks.flatten(0, 1)
            per_pixel = F.cross_entropy(expected.flatten(0, 1), labels, ignore_index=IGNORE, reduction='none')
            per_pixel = per_pixel.unflatten(0, masks.shape[:2])
        return mean_over_flagged(mean_over_pixels(per_pixel, masks), targets.frame_annotated)
