"""Losses between mask logits and labels; only annotated frames count, and pixels labelled 255 do not."""

from collections.abc import Callable

from torch import Tensor

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss


class FrameLoss(BaseAVSLoss):
    """A formula on the logits ``(B, T, K, H, W)`` and masks ``(B, T, H, W)`` of each frame, averaged over annotated frames.

    Sub-classes set ``formula``, which returns ``(B, T)``.
    """

    formula: Callable[[Tensor, Tensor], Tensor]

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""
        return functional.mean_over_flagged(self.formula(output.logits, targets.masks), targets.frame_annotated)


@MODELS.register_module()
class MaskBCELoss(FrameLoss):
    """Binary cross-entropy, mean over pixels, then over annotated frames (S4 and MS3 of the published methods)."""

    default_name = 'loss_bce'
    formula = staticmethod(functional.binary_cross_entropy)


@MODELS.register_module()
class MaskCELoss(FrameLoss):
    """Cross-entropy, mean over pixels, then over annotated frames (AVSS of the published methods)."""

    default_name = 'loss_ce'
    formula = staticmethod(functional.cross_entropy)


@MODELS.register_module()
class MaskDiceLoss(FrameLoss):
    """Soft Dice loss per frame; one logit is binary, several are classes, which are averaged."""

    default_name = 'loss_dice'
    formula = staticmethod(functional.soft_dice)


@MODELS.register_module()
class MaskIoULoss(FrameLoss):
    """Soft IoU loss per frame; one logit is binary, several are classes, which are averaged."""

    default_name = 'loss_iou'
    formula = staticmethod(functional.soft_iou)
