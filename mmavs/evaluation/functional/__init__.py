"""Metric formulas: plain functions on tensors, no registry, no state."""

from .binary import f_curve, f_max, foreground_scores, mask_iou, mask_iou_per_frame, precision_recall_curves
from .dataset_level import (
    accuracy,
    class_iou,
    confusion_matrix,
    f_beta_dataset,
    fdr_dataset,
    miou_dataset,
    miou_present,
)
from .robust import fpr_area, g_mean
from .semantic import SemanticSums, binary_miou, semantic_frame_sums

__all__ = [
    'SemanticSums',
    'accuracy',
    'binary_miou',
    'class_iou',
    'confusion_matrix',
    'f_beta_dataset',
    'f_curve',
    'f_max',
    'fdr_dataset',
    'foreground_scores',
    'fpr_area',
    'g_mean',
    'mask_iou',
    'mask_iou_per_frame',
    'miou_dataset',
    'miou_present',
    'precision_recall_curves',
    'semantic_frame_sums',
]
