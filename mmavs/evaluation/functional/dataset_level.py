"""Metrics that accumulate pixels over the whole set before dividing (CAVP, VPO, DDESeg).

Source: https://github.com/cyh-0/CAVP (``utils``).
"""

import numpy as np
import torch
from torch import Tensor

from .binary import BETA2, IGNORE

PRESENT_EPS = 1e-10
SEVERAL_LABELS, SEVERAL_PIXELS = 2, 100  # what CAVP calls multi-source: more labels than this, each with more pixels


def confusion_matrix(labels: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Count pixels by true class (row) and predicted class (column), ``(K, K)`` int64; target 255 is left out.

    Raises:
        ValueError: Shapes differ, or a label lies outside ``0..K-1``.
    """
    if labels.shape != target.shape:
        raise ValueError(f'labels {tuple(labels.shape)} and target {tuple(target.shape)} must have one shape')
    labels, target = labels.long(), target.long()
    counted = target != IGNORE
    for name, value in (('prediction', labels), ('target', target)):
        if ((value < 0) | (value >= num_classes)).logical_and(counted).any():
            raise ValueError(f'the {name} holds labels outside 0..{num_classes - 1} (255 in the target is ignored)')
    # ignored pixels go to one slot behind the matrix: no selection, whose size would depend on the data
    slot = torch.where(counted, target * num_classes + labels, num_classes**2)
    counts = torch.bincount(slot.flatten(), minlength=num_classes**2 + 1)
    return counts[:-1].view(num_classes, num_classes)


def shows_several(target: Tensor, num_classes: int) -> Tensor:
    """Tell which frames show several objects: more than two labels, background among them, with over 100 pixels each.

    Args:
        target: Labels ``(n, H, W)``; 255 is left out.
        num_classes: ``K``, background included.

    Returns:
        ``(n,)`` bool.
    """
    frame = torch.arange(len(target), device=target.device)[:, None, None]
    target = target.long()
    slot = torch.where(target != IGNORE, frame * num_classes + target, len(target) * num_classes)
    counts = torch.bincount(slot.flatten(), minlength=len(target) * num_classes + 1)[:-1]
    return (counts.view(len(target), num_classes) > SEVERAL_PIXELS).sum(1) > SEVERAL_LABELS


def _parts(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return true positives, false positives and false negatives per class, float64."""
    matrix = matrix.double()
    true_positive = matrix.diagonal()
    return true_positive, matrix.sum(0) - true_positive, matrix.sum(1) - true_positive


def class_iou(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection and union of each class."""
    tp, fp, fn = _parts(matrix)
    return tp, tp + fp + fn


def miou_dataset(matrix: Tensor) -> float:
    """Mean IoU over all classes, background included; a class without any pixel counts 0."""
    inter, union = class_iou(matrix)
    return float((inter / (union + np.spacing(1))).mean())


def miou_present(matrix: Tensor) -> float:
    """Mean IoU over the classes that occur in prediction or truth (DDESeg)."""
    inter, union = class_iou(matrix)
    present = union > 0
    return float((inter[present] / (union[present] + PRESENT_EPS)).mean()) if present.any() else 0.0


def f_beta_present(matrix: Tensor, beta2: float) -> float:
    """F averaged over the classes that occur in prediction or truth (DDESeg); 0 if none does.

    The classes for which F is defined are the same, so this equals ``f_beta_dataset`` up to DDESeg's epsilon.
    """
    tp, fp, fn = _parts(matrix)
    present = tp + fp + fn > 0
    f = (1 + beta2) * tp / ((1 + beta2) * tp + beta2 * fn + fp + PRESENT_EPS)
    return float(f[present].mean()) if present.any() else 0.0


def accuracy(matrix: Tensor) -> float:
    """Share of labelled pixels that are right."""
    matrix = matrix.double()
    return float(matrix.diagonal().sum() / matrix.sum().clamp(min=1))


def f_beta_dataset(matrix: Tensor, beta2: float) -> float:
    """F with beta squared ``beta2``, averaged over the classes for which it is defined."""
    tp, fp, fn = _parts(matrix)
    return float(((1 + beta2) * tp / ((1 + beta2) * tp + beta2 * fn + fp)).nanmean())


def fdr_dataset(matrix: Tensor) -> float:
    """False discovery rate ``fp / (fp + tp)``, averaged over the classes that are predicted; lower is better."""
    tp, fp, _ = _parts(matrix)
    return float((fp / (fp + tp)).nanmean())


def dataset_scores(matrix: Tensor, decimals: int | None = None) -> dict[str, float]:
    """All dataset-level metrics of a confusion matrix, by the names of the docs.

    Args:
        matrix: ``(K, K)`` from :func:`confusion_matrix`, summed over the set.
        decimals: Round to that many decimals (CAVP reports 4); ``None``: no rounding.
    """
    miou, f03 = miou_dataset(matrix), f_beta_dataset(matrix, BETA2)
    scores = dict(
        mIoU_dataset=miou,
        mIoU_present=miou_present(matrix),
        F1_dataset=f_beta_dataset(matrix, 1.0),
        F03_dataset=f03,
        F03_present=f_beta_present(matrix, BETA2),
        FDR_dataset=fdr_dataset(matrix),
        accuracy=accuracy(matrix),
        JF_beta=(miou + f03) / 2,
    )
    return scores if decimals is None else {key: round(value, decimals) for key, value in scores.items()}
