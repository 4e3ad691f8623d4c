"""Dice with squared sizes, on the prediction and on the mask feature (AVSegFormer)."""

from torch import Tensor
from torch.nn import functional as F

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss


def squared_dice(logits: Tensor, foreground: Tensor, counted: Tensor, smooth: float) -> Tensor:
    """Per-frame ``1 - 2 sum(p g) / (sum(p^2) + s + sum(g^2) + s)`` with ``p = sigmoid(logits)``.

    Args:
        logits: ``(B, T, H, W)``.
        foreground: ``(B, T, H, W)`` bool, ``g``.
        counted: ``(B, T, H, W)`` bool, false on pixels to leave out.
        smooth: ``s``. As published it is in the denominator only, so an empty frame without prediction costs 1.

    Returns:
        ``(B, T)``.
    """
    prob = logits.float().sigmoid() * counted
    target = (foreground & counted).to(prob.dtype)
    overlap = (prob * target).sum((-2, -1))
    return 1 - 2 * overlap / (prob.square().sum((-2, -1)) + target.sum((-2, -1)) + 2 * smooth)


@MODELS.register_module()
class SquaredDiceLoss(BaseAVSLoss):
    """Dice with squared sizes between the binary logit and the mask, averaged over annotated frames.

    Args:
        loss_weight: Factor of the term.
        loss_name: Key in the log.
        smooth: See ``squared_dice``.

    Source:
        ``F1_Dice_loss`` and ``F5_Dice_loss`` of https://github.com/vvvb-github/AVSegFormer (S4 and MS3).
    """

    default_name = 'loss_dice'

    def __init__(self, loss_weight: float = 1.0, loss_name: str | None = None, smooth: float = 1e-3) -> None:
        super().__init__(loss_weight, loss_name)
        self.smooth = smooth

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: The logits have more than one class.
        """
        if output.logits.shape[2] != 1:
            raise ValueError(
                f'SquaredDiceLoss compares one binary logit, got {output.logits.shape[2]} classes; use MaskDiceLoss'
            )
        return _mean_squared_dice(output.logits[:, :, 0], targets, self.smooth)


@MODELS.register_module()
class MaskFeatureLoss(BaseAVSLoss):
    """The same Dice between the channel mean of ``aux['mask_feature']`` and the foreground of any class ("mix loss").

    Args:
        loss_weight: Factor of the term (0.1 in the published runs).
        loss_name: Key in the log.
        smooth: See ``squared_dice``.

    Source:
        Gao et al., "AVSegFormer", AAAI 2024, eq. 9; ``loss.py`` of https://github.com/vvvb-github/AVSegFormer.
    """

    default_name = 'loss_mix'

    def __init__(self, loss_weight: float = 0.1, loss_name: str | None = None, smooth: float = 1e-3) -> None:
        super().__init__(loss_weight, loss_name)
        self.smooth = smooth

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: The neck has left no ``aux['mask_feature']``.
        """
        feature = output.features.aux.get('mask_feature')
        if feature is None:
            raise ValueError("MaskFeatureLoss needs aux['mask_feature'] of the neck; use AVSegFormerNeck")
        size = targets.masks.shape[-2:]
        mean = F.interpolate(feature.mean(1, keepdim=True).float(), size, mode='bilinear', align_corners=False)
        return _mean_squared_dice(mean[:, 0].unflatten(0, targets.masks.shape[:2]), targets, self.smooth)


def _mean_squared_dice(logits: Tensor, targets: AVSTargets, smooth: float) -> Tensor:
    counted = targets.masks != functional.IGNORE
    per_frame = squared_dice(logits, targets.masks > 0, counted, smooth)
    return functional.mean_over_flagged(per_frame, targets.frame_annotated)
