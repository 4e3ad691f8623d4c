"""Per-frame, per-class scores of AVSBench-semantic.

Source: https://github.com/OpenNLPLab/AVSBench, ``avss/utils/compute_color_metrics.py`` (``calc_color_miou_fscore``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .binary import BETA2, IGNORE, iou_of_masks

IOU_EPS = 2.220446049250313e-16


@dataclass
class SemanticSums:
    """Sums over frames; add them over a test set, then divide.

    Attributes:
        iou: ``(K,)`` float64, summed IoU.
        f: ``(K,)`` float64, summed F.
        count: ``(K,)`` float64, frames in which the class is predicted or present.
    """

    iou: Tensor
    f: Tensor
    count: Tensor

    def __add__(self, other: 'SemanticSums') -> 'SemanticSums':
        return SemanticSums(self.iou + other.iou, self.f + other.f, self.count + other.count)

    def with_perfect_background(self, num_frames: int) -> 'SemanticSums':
        """Add frames in which everything is background and predicted so (what padded frames amount to)."""
        extra = torch.zeros_like(self.count)
        extra[0] = num_frames
        return SemanticSums(self.iou + extra, self.f + extra, self.count + extra)

    def class_scores(self) -> tuple[Tensor, Tensor]:
        """Mean IoU and F of each class; 0 for a class that was never seen or predicted."""
        return (self.iou / self.count).nan_to_num(0.0), (self.f / self.count).nan_to_num(0.0)


def frame_class_counts(labels: Tensor, target: Tensor, num_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Count pixels per frame and class.

    Args:
        labels: Predicted class ``(N, H, W)``.
        target: True class ``(N, H, W)``, 255 ignored.
        num_classes: ``K``.

    Returns:
        Intersection, predicted area and true area, each ``(N, K)`` float64.

    Raises:
        ValueError: Shapes differ, or a label lies outside ``0..K-1``.
    """
    if labels.shape != target.shape or labels.dim() != 3:
        raise ValueError(f'labels {tuple(labels.shape)} and target {tuple(target.shape)} must both be (N, H, W)')
    counted = target != IGNORE
    for name, value in (('prediction', labels), ('target', target)):
        if ((value < 0) | (value >= num_classes)).logical_and(counted).any():
            raise ValueError(f'the {name} holds labels outside 0..{num_classes - 1}')
    num = labels.shape[0]
    offset = torch.arange(num, device=labels.device).view(-1, 1, 1) * (num_classes + 1)

    def count(value: Tensor, where: Tensor) -> Tensor:
        slot = torch.where(where, value, num_classes) + offset
        counts = torch.bincount(slot.flatten(), minlength=num * (num_classes + 1))
        return counts.view(num, num_classes + 1)[:, :num_classes].double()

    return count(labels, counted & (labels == target)), count(labels, counted), count(target, counted)


def semantic_frame_sums(prediction: Tensor, target: Tensor, num_classes: int) -> SemanticSums:
    """IoU and F of every class, summed over frames.

    Args:
        prediction: Logits ``(N, K, H, W)`` or labels ``(N, H, W)``.
        target: ``(N, H, W)``, 255 ignored.
        num_classes: ``K``.
    """
    labels = prediction.argmax(1) if prediction.dim() == 4 else prediction
    inter, pred, true = frame_class_counts(labels, target, num_classes)
    union = pred + true - inter
    precision, recall = inter / pred, inter / true
    f = ((1 + BETA2) * precision * recall / (BETA2 * precision + recall)).nan_to_num(0.0)
    return SemanticSums((inter / (union + IOU_EPS)).sum(0), f.sum(0), (union > 0).double().sum(0))


def binary_miou(prediction: Tensor, target: Tensor, background: int) -> float:
    """Foreground J of semantic labels with a chosen background class.

    The helper of AVSBench takes the last class as background (a leftover of an older label order), the one of CAVP class 0.

    Args:
        prediction: Logits ``(N, K, H, W)`` or labels ``(N, H, W)``.
        target: ``(N, H, W)``.
        background: Class index.
    """
    labels = prediction.argmax(1) if prediction.dim() == 4 else prediction
    return float(iou_of_masks(labels != background, (target != background).long()).mean())
