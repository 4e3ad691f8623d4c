"""Losses between mask logits and labels; only annotated frames count, and pixels labelled 255 do not."""

from torch import Tensor

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss


@MODELS.register_module()
class MaskBCELoss(BaseAVSLoss):
    """Binary cross-entropy, mean over pixels, then over annotated frames (S4 and MS3 of the published methods)."""

    default_name = 'loss_bce'

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""
        per_frame = functional.binary_cross_entropy(output.logits, targets.masks)
        return functional.mean_over_flagged(per_frame, targets.frame_annotated)


@MODELS.register_module()
class MaskCELoss(BaseAVSLoss):
    """Cross-entropy, mean over pixels, then over annotated frames (AVSS of the published methods)."""

    default_name = 'loss_ce'

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""
        per_frame = functional.cross_entropy(output.logits, targets.masks)
        return functional.mean_over_flagged(per_frame, targets.frame_annotated)


@MODELS.register_module()
class MaskDiceLoss(BaseAVSLoss):
    """Soft Dice loss per frame; one logit is binary, several are classes, which are averaged."""

    default_name = 'loss_dice'

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""
        per_frame = functional.soft_dice(output.logits, targets.masks)
        return functional.mean_over_flagged(per_frame, targets.frame_annotated)


@MODELS.register_module()
class MaskIoULoss(BaseAVSLoss):
    """Soft IoU loss per frame; one logit is binary, several are classes, which are averaged."""

    default_name = 'loss_iou'

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""
        per_frame = functional.soft_iou(output.logits, targets.masks)
        return functional.mean_over_flagged(per_frame, targets.frame_annotated)
