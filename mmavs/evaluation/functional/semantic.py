"""Per-frame, per-class scores of AVSBench-semantic.

Source: https://github.com/OpenNLPLab/AVSBench, ``avss/utils/compute_color_metrics.py`` (``calc_color_miou_fscore``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .binary import BETA2, IGNORE, iou_of_masks
from .scores import class_labels

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
        """Mean IoU and F of each class, ``(K,)`` float64; 0 for a class that was never seen or predicted."""
        return (self.iou / self.count).nan_to_num(0.0), (self.f / self.count).nan_to_num(0.0)

    def mean_scores(self, keep: slice = slice(None)) -> tuple[float, float]:
        """Mean over classes of IoU and F, as reported; ``keep`` chooses the classes (all: background included).

        ``slice(1, None)`` leaves out the background. The published "no background" numbers are ``slice(None, -1)``: they
        leave out the *last* class, where the background was in an older label order.
        """
        iou, f = self.class_scores()
        return float(iou[keep].mean()), float(f[keep].mean())

    def mean_over_seen(self) -> tuple[float, float]:
        """Mean IoU and F over the classes seen or predicted so far: what the published test prints while it runs."""
        iou, f = self.class_scores()
        seen = self.count > 0
        return float(iou[seen].mean()), float(f[seen].mean())


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


def _labels(prediction: Tensor, num_classes: int | None = None) -> Tensor:
    """Labels ``(N, H, W)`` of logits ``(N, K, H, W)``; labels pass unchanged."""
    if prediction.dim() != 4:
        return prediction
    if num_classes is not None and prediction.shape[1] != num_classes:
        raise ValueError(f'logits {tuple(prediction.shape)} (N, K, H, W) must have K = num_classes = {num_classes}')
    return class_labels(prediction)


def _class_iou_f(prediction: Tensor, target: Tensor, num_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """IoU, F and union of every frame and class, each ``(N, K)`` float64."""
    inter, pred, true = frame_class_counts(_labels(prediction, num_classes), target, num_classes)
    union = pred + true - inter
    precision, recall = inter / pred, inter / true
    f = ((1 + BETA2) * precision * recall / (BETA2 * precision + recall)).nan_to_num(0.0)
    return inter / (union + IOU_EPS), f, union


def semantic_frame_sums(prediction: Tensor, target: Tensor, num_classes: int) -> SemanticSums:
    """IoU and F of every class, summed over frames (``calc_color_miou_fscore``).

    Args:
        prediction: Logits ``(N, K, H, W)`` or labels ``(N, H, W)``.
        target: ``(N, H, W)``, 255 ignored.
        num_classes: ``K``.

    Raises:
        ValueError: Shapes differ, a label lies outside ``0..K-1``, or the logits have another number of classes.
    """
    iou, f, union = _class_iou_f(prediction, target, num_classes)
    return SemanticSums(iou.sum(0), f.sum(0), (union > 0).double().sum(0))


def frame_miou(prediction: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Mean IoU of each frame over the classes it gets at least partly right, as the published test prints per clip.

    A class that is wholly missed does not lower this number: it is for looking at clips, not for tables.

    Args:
        prediction: Logits ``(N, K, H, W)`` or labels ``(N, H, W)``.
        target: ``(N, H, W)``, 255 ignored.
        num_classes: ``K``.

    Returns:
        ``(N,)`` float64; 0 where no class is right.

    Raises:
        ValueError: See :func:`semantic_frame_sums`.
    """
    iou = _class_iou_f(prediction, target, num_classes)[0]
    return (iou.sum(1) / (iou > 0).sum(1)).nan_to_num(0.0)


def binary_miou(prediction: Tensor, target: Tensor, background: int) -> float:
    """Foreground J of semantic labels with a chosen background class.

    The helper of AVSBench takes the last class as background (a leftover of an older label order), the one of CAVP class 0.

    Args:
        prediction: Logits ``(N, K, H, W)`` or labels ``(N, H, W)``.
        target: ``(N, H, W)``, 255 ignored.
        background: Class index.

    Returns:
        Mean over frames.

    Raises:
        ValueError: Shapes differ.
    """
    labels = _labels(prediction)
    if labels.shape != target.shape:
        raise ValueError(f'labels {tuple(labels.shape)} and target {tuple(target.shape)} must both be (N, H, W)')
    foreground = torch.where(target == IGNORE, IGNORE, (target != background).long())
    return float(iou_of_masks(labels != background, foreground).mean())
