"""The set loss of CATR: one query is made responsible for the sounding object, the others for nothing."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss
from .matcher import assign_queries

FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2


@MODELS.register_module()
class CATRSetLoss(BaseAVSLoss):
    """Match the foreground of each clip with one query, on every decoder layer; train its mask and all scores.

    The cost of a query is ``-cost_score p("sounds") - cost_dice dice``, averaged over the annotated frames of the clip. The
    matched query then pays for Dice, focal and binary cross-entropy of its mask, and all queries for their score. As in the
    released code the matched query has to score in every annotated frame, also one without foreground.

    Args:
        loss_weight: Factor of the sum.
        loss_name: Key in the log.
        score_weight: Factor of the score term.
        dice_weight: Factor of the Dice term. The released code reads it from a file that is not released; 5 is the value of
            MTTR, from which the loss is taken.
        focal_weight: Factor of the focal term.
        bce_weight: Factor of the binary cross-entropy.
        no_object_weight: Weight of unmatched queries in the score term (0.1 in MTTR; not released).
        cost_score: Factor of the score in the matching (2 in MTTR; not released).
        cost_dice: Factor of Dice in the matching (7, fixed in the released code).
        official_double_sigmoid: Apply the sigmoid twice in the cross-entropy, as the released code does.

    Raises:
        ValueError: The head has left no ``aux['query_masks']`` and ``aux['query_scores']``.

    Source:
        ``criterion.py``, ``matcher.py`` and ``loss.py`` of https://github.com/aspirinone/CATR.github.io; Botach et al.,
        "End-to-end referring video object segmentation with multimodal transformers" (MTTR), CVPR 2022.
    """

    default_name = 'loss_set'

    def __init__(
        self,
        loss_weight: float = 1.0,
        loss_name: str | None = None,
        *,
        score_weight: float = 1.0,
        dice_weight: float = 5.0,
        focal_weight: float = 5.0,
        bce_weight: float = 4.0,
        no_object_weight: float = 0.1,
        cost_score: float = 2.0,
        cost_dice: float = 7.0,
        official_double_sigmoid: bool = True,
    ) -> None:
        super().__init__(loss_weight, loss_name)
        self.weights = dict(score=score_weight, dice=dice_weight, focal=focal_weight, bce=bce_weight)
        self.no_object_weight = no_object_weight
        self.cost_score = cost_score
        self.cost_dice = cost_dice
        self.official_double_sigmoid = official_double_sigmoid

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted sum over decoder layers."""
        aux = output.features.aux
        if 'query_masks' not in aux or 'query_scores' not in aux:
            raise ValueError("CATRSetLoss needs aux['query_masks'] and aux['query_scores'] of the head; use CATRHead")
        layers = zip(aux['query_masks'].float(), aux['query_scores'].float(), strict=True)
        terms = [self.layer_terms(masks, scores, targets) for masks, scores in layers]
        return sum(self.weights[name] * value for term in terms for name, value in term.items())

    def layer_terms(self, masks: Tensor, scores: Tensor, targets: AVSTargets) -> dict[str, Tensor]:
        """Compute the four terms of one layer.

        Args:
            masks: Mask logits ``(B, T, Q, h, w)``.
            scores: Logits of "sounds" and "does not" ``(B, T, Q, 2)``.
            targets: Masks of any size; the predictions are resized to it.
        """
        flag = targets.frame_annotated
        query = self.match(masks, scores, targets)
        chosen = _resize(masks.take_along_dim(query[:, None, None, None, None], dim=2), targets)
        is_chosen = torch.arange(masks.shape[2], device=masks.device) == query[:, None]
        log_prob = scores.log_softmax(-1)
        per_query = torch.where(is_chosen[:, None], log_prob[..., 0], self.no_object_weight * log_prob[..., 1])
        per_frame = dict(
            score=-per_query.sum(-1),
            dice=functional.soft_dice(chosen, targets.masks, smooth=1.0),
            focal=focal_loss(chosen, targets.masks),
            bce=functional.binary_cross_entropy(
                chosen.sigmoid() if self.official_double_sigmoid else chosen, targets.masks
            ),
        )
        return {name: functional.mean_over_flagged(value, flag) for name, value in per_frame.items()}

    @torch.no_grad()
    def match(self, masks: Tensor, scores: Tensor, targets: AVSTargets) -> Tensor:
        """Return the query of each clip's foreground, ``(B,)``; the arguments are those of ``layer_terms``."""
        counted = (targets.masks != functional.IGNORE).unsqueeze(2)
        prob = _resize(masks, targets).sigmoid() * counted
        target = (targets.masks == 1).unsqueeze(2).to(prob.dtype)
        overlap = (prob.flatten(3) @ target.flatten(3).transpose(2, 3))[..., 0]
        dice = (2 * overlap + 1) / (prob.sum((-2, -1)) + target.sum((-2, -1)) + 1)
        gain = self.cost_score * scores.softmax(-1)[..., 0] + self.cost_dice * dice
        flag = targets.frame_annotated.to(gain.dtype).unsqueeze(-1)
        cost = -(gain * flag).sum(1) / flag.sum(1).clamp(min=1)
        return assign_queries(cost.unsqueeze(-1))[:, 0]


def focal_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Per-frame binary focal loss with alpha 0.25 and gamma 2.

    Args:
        logits: ``(B, T, 1, H, W)``.
        masks: ``(B, T, H, W)`` in {0, 1, 255}.

    Returns:
        ``(B, T)``, mean over counted pixels.

    Source:
        Lin et al., "Focal loss for dense object detection", ICCV 2017.
    """
    logits = logits[:, :, 0].float()
    target = (masks == 1).to(logits.dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction='none')
    prob = logits.sigmoid()
    wrong = torch.where(target > 0, 1 - prob, prob)
    alpha = torch.where(target > 0, FOCAL_ALPHA, 1 - FOCAL_ALPHA)
    return functional.mean_over_pixels(alpha * entropy * wrong**FOCAL_GAMMA, masks)


def _resize(masks: Tensor, targets: AVSTargets) -> Tensor:
    """Resize ``(B, T, Q, h, w)`` bilinearly to the size of the targets."""
    size = targets.masks.shape[-2:]
    resized = F.interpolate(masks.flatten(0, 1), size, mode='bilinear', align_corners=False)
    return resized.unflatten(0, masks.shape[:2])
