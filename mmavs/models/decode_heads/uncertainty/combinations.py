"""Combinations of a mask with its uncertainty."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS

from .base_combination import BaseCombination

EPS = 1e-6  # keeps log(u) and log(1 - u) finite; probabilities end within EPS of 0 and 1
SHIFTS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
TEMPERATURES = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0)


def scale_foreground(mask_logits: Tensor, kept: Tensor) -> Tensor:
    """Logits of the prediction whose foreground probabilities are multiplied by a factor; the rest goes to the background.

    Args:
        mask_logits: ``(M, K, H, W)``.
        kept: The factor ``(M, H, W)`` in [0, 1].

    Returns:
        ``(M, K, H, W)`` float32, finite.
    """
    mask_logits = mask_logits.float()
    kept = kept.float().clamp(EPS, 1 - EPS).unsqueeze(1)
    log_kept, log_lost = kept.log(), torch.log1p(-kept)
    if mask_logits.shape[1] == 1:
        foreground = F.logsigmoid(mask_logits)
        background = torch.logaddexp(F.logsigmoid(-mask_logits), foreground + log_lost)
        return foreground + log_kept - background
    scaled = mask_logits.log_softmax(1) + log_kept
    return torch.cat((torch.logaddexp(scaled[:, :1], log_lost), scaled[:, 1:]), dim=1)


@MODELS.register_module()
class ProductCombination(BaseCombination):
    """The literal ``(1 - u) p``; what is taken from the foreground goes to the background.

    It has no reference level: wherever ``u`` is not near 0 the prediction falls below 0.5, and masks vanish although the
    ranking of the pixels is as good as before. Kept as the published form; compare F or a tuned threshold, not J at 0.5.
    """

    def forward(self, mask_logits: Tensor, uncertainty: Tensor) -> Tensor:
        """Multiply."""
        return scale_foreground(mask_logits, 1 - uncertainty)


@MODELS.register_module()
class ScaledProduct(BaseCombination):
    """``min(1, (1 - u) / reference) p``: the product, measured from a reference level of ``1 - u``.

    Pixels whose ``1 - u`` reaches the reference keep their probability. Neutral (``reference = 0``) until calibrated.
    """

    fitted = ('reference',)

    def __init__(self, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.register_buffer('reference', torch.tensor(0.0))

    def forward(self, mask_logits: Tensor, uncertainty: Tensor) -> Tensor:
        """Multiply where ``u`` is above the reference level."""
        certain = (1 - uncertainty.float()).clamp(min=EPS)
        return scale_foreground(mask_logits, (certain / self.reference.clamp(min=EPS)).clamp(max=1))

    def candidates(self, levels: Sequence[float]) -> list[dict[str, float]]:
        """One reference per level."""
        return [dict(reference=0.0)] + [dict(reference=1 - level) for level in levels]


@MODELS.register_module()
class CalibratedShift(BaseCombination):
    """``m - strength * max(0, u - pivot)``: lowers the foreground's logits where the uncertainty is out of the ordinary.

    Pixels with ``u <= pivot`` keep their logits. With several classes the shift lowers every class but the background.
    Neutral (``strength = 0``, ``pivot = 1``) until calibrated.
    """

    fitted = ('strength', 'pivot')

    def __init__(self, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.register_buffer('strength', torch.tensor(0.0))
        self.register_buffer('pivot', torch.tensor(1.0))

    def forward(self, mask_logits: Tensor, uncertainty: Tensor) -> Tensor:
        """Subtract the shift from the foreground."""
        mask_logits = mask_logits.float()
        shift = (self.strength * (uncertainty.float() - self.pivot).clamp(min=0)).unsqueeze(1)
        if mask_logits.shape[1] == 1:
            return mask_logits - shift
        return torch.cat((mask_logits[:, :1], mask_logits[:, 1:] - shift), dim=1)

    def candidates(self, levels: Sequence[float]) -> list[dict[str, float]]:
        """Every level but the last as pivot, with strengths that shift a pixel of the last level by a quarter to eight."""
        top = levels[-1]
        return [dict(strength=0.0, pivot=1.0)] + [
            dict(strength=shift / (top - pivot), pivot=pivot)
            for pivot in dict.fromkeys(levels[:-1])
            if pivot < top
            for shift in SHIFTS
        ]


@MODELS.register_module()
class TemperatureCombination(BaseCombination):
    """``m / (1 + scale * u)``: flattens the prediction where it is uncertain and never changes a decision.

    Neutral (``scale = 0``) until calibrated; the fit takes the scale with the smallest cross-entropy.
    """

    keeps_decisions = True
    fitted = ('scale',)

    def __init__(self, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.register_buffer('scale', torch.tensor(0.0))

    def forward(self, mask_logits: Tensor, uncertainty: Tensor) -> Tensor:
        """Divide by the temperature."""
        return mask_logits.float() / (1 + self.scale * uncertainty.float()).unsqueeze(1)

    def candidates(self, levels: Sequence[float]) -> list[dict[str, float]]:
        """Scales from 0 to 16."""
        return [dict(scale=scale) for scale in TEMPERATURES]
