"""Formulas of the losses: plain functions on tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255


def mean_over_flagged(per_frame: Tensor, flag: Tensor) -> Tensor:
    """Average ``per_frame`` ``(B, T)`` over the frames whose ``flag`` is true; zero if there are none."""
    flag = flag.to(per_frame.dtype)
    return (per_frame * flag).sum() / flag.sum().clamp(min=1)


def mean_over_pixels(per_pixel: Tensor, masks: Tensor) -> Tensor:
    """Average ``per_pixel`` ``(B, T, H, W)`` over the pixels of each frame that are not 255 in ``masks``: ``(B, T)``."""
    counted = (masks != IGNORE).to(per_pixel.dtype)
    return (per_pixel * counted).sum((-2, -1)) / counted.sum((-2, -1)).clamp(min=1)


def binary_cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Per-frame binary cross-entropy.

    Args:
        logits: ``(B, T, 1, H, W)``.
        masks: ``(B, T, H, W)`` in {0, 1, 255}.

    Returns:
        ``(B, T)``.
    """
    target = (masks == 1).float()
    return mean_over_pixels(
        F.binary_cross_entropy_with_logits(logits[:, :, 0].float(), target, reduction='none'), masks
    )


def cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Per-frame cross-entropy.

    Args:
        logits: ``(B, T, K, H, W)``.
        masks: ``(B, T, H, W)``, class index or 255.

    Returns:
        ``(B, T)``.
    """
    per_pixel = F.cross_entropy(
        logits.flatten(0, 1).float(), masks.flatten(0, 1), ignore_index=IGNORE, reduction='none'
    )
    return mean_over_pixels(per_pixel.unflatten(0, masks.shape[:2]), masks)


def overlap_terms(logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return per-frame, per-class soft intersection, prediction size and target size, each ``(B, T, K)``.

    One logit is taken as binary (sigmoid), several as classes (softmax).
    """
    num_classes = logits.shape[2]
    counted = (masks != IGNORE).unsqueeze(2)
    if num_classes == 1:
        prob, target = logits.float().sigmoid(), (masks == 1).unsqueeze(2)
    else:
        classes = torch.arange(num_classes, device=masks.device).view(1, 1, -1, 1, 1)
        prob, target = logits.float().softmax(2), masks.unsqueeze(2) == classes
    prob, target = prob * counted, (target & counted).float()
    return (prob * target).sum((-2, -1)), prob.sum((-2, -1)), target.sum((-2, -1))


def soft_dice(logits: Tensor, masks: Tensor, smooth: float = 1e-5) -> Tensor:
    """Per-frame ``1 - (2 I + s) / (P + G + s)``, averaged over classes: ``(B, T)``."""
    inter, pred, target = overlap_terms(logits, masks)
    return (1 - (2 * inter + smooth) / (pred + target + smooth)).mean(-1)


def soft_iou(logits: Tensor, masks: Tensor, smooth: float = 1e-5) -> Tensor:
    """Per-frame ``1 - (I + s) / (P + G - I + s)``, averaged over classes: ``(B, T)``."""
    inter, pred, target = overlap_terms(logits, masks)
    return (1 - (inter + smooth) / (pred + target - inter + smooth)).mean(-1)


def kl_to_target(features: Tensor, target: Tensor) -> Tensor:
    """``KL(softmax(target) || softmax(features))`` over the last axis, in float32."""
    return F.kl_div(features.float().log_softmax(-1), target.float().softmax(-1), reduction='none').sum(-1)


def info_nce(similarity: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """InfoNCE of one anchor per row: the mean over its positives of ``-log(e^{s_p} / (e^{s_p} + sum_n e^{s_n}))``.

    Args:
        similarity: ``(M, N)``, already divided by the temperature.
        positive: ``(M, N)`` bool.
        negative: ``(M, N)`` bool.

    Returns:
        ``(M,)``; zero for a row without positives or without negatives.
    """
    lowest = torch.finfo(similarity.dtype).min
    negatives = similarity.masked_fill(~negative, lowest).logsumexp(1, keepdim=True)
    per_token = F.softplus(negatives - similarity) * positive
    mean = per_token.sum(1) / positive.sum(1).clamp(min=1)
    return mean * negative.any(1)
