"""Test-time dropout."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS

from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, Size, UncertaintyEstimate, at_size
from .measures import class_probabilities, entropy

QUANTITIES = ('predictive_entropy', 'mutual_information')


@MODELS.register_module()
class DropoutBranch(BaseUncertaintyBranch):
    """Asks the mask branch several times with other channels dropped; no parameters of its own.

    The head drops whole channels before its last layer, which is linear. So a pass with some channels dropped is the same
    layer with these columns zero, and all passes are one 1x1 convolution. The dropped channels are drawn once, from
    ``seed``: the result does not depend on batch, order or device.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits.
        dropout: Rate; the head's own, so that passes are what the mask branch was trained with.
        num_passes: Passes.
        quantity: ``'predictive_entropy'``: entropy of the mean prediction; ``'mutual_information'``: that entropy minus the
            passes' mean entropy, the part on which they disagree. Both over ``log K``.
        seed: Of the dropped channels.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: No dropout, fewer than two passes, or an unknown ``quantity``.

    Source:
        Gal and Ghahramani, "Dropout as a Bayesian approximation", ICML 2016.
    """

    def __init__(
        self,
        channels: int,
        num_classes: int = 1,
        dropout: float = 0.0,
        *,
        num_passes: int = 16,
        quantity: Literal['predictive_entropy', 'mutual_information'] = 'predictive_entropy',
        seed: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(channels, num_classes, dropout, init_cfg=init_cfg)
        if not 0 < dropout < 1:
            raise ValueError(
                f'DropoutBranch needs a dropout rate between 0 and 1, got {dropout}; set dropout=0.1 of the decode head'
            )
        if num_passes < 2:
            raise ValueError(f'DropoutBranch needs num_passes >= 2, got {num_passes}')
        if quantity not in QUANTITIES:
            raise ValueError(f'DropoutBranch: quantity must be one of {QUANTITIES}, got {quantity!r}')
        self.quantity = quantity
        generator = torch.Generator(device='cpu').manual_seed(seed)
        kept = torch.rand(num_passes, channels, generator=generator, device='cpu') >= dropout
        self.register_buffer('channel_scale', kept.float() / (1 - dropout), persistent=False)

    def forward(self, x: Tensor, mask: MaskPrediction, size: Size) -> UncertaintyEstimate:
        """Estimate from passes through the mask branch's last layer."""
        num_passes = len(self.channel_scale)
        weight = mask.classify.weight.unsqueeze(0) * self.channel_scale[:, None, :, None, None]
        bias = mask.classify.bias.repeat(num_passes)
        passes = F.conv2d(mask.hidden, weight.flatten(0, 1), bias).chunk(num_passes, dim=1)
        probabilities = [class_probabilities(at_size(logits, size)) for logits in passes]
        uncertainty = entropy(sum(probabilities) / num_passes)
        if self.quantity == 'mutual_information':
            uncertainty = (uncertainty - sum(entropy(p) for p in probabilities) / num_passes).clamp(0, 1)
        return UncertaintyEstimate(uncertainty)
