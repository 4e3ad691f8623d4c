"""Metric formulas: plain functions on tensors, no registry, no state."""

from .binary import f_curve, f_max, iou_of_masks, mask_iou, mask_iou_per_frame, precision_recall_curves, thresholds
from .dataset_level import (
    accuracy,
    class_iou,
    confusion_matrix,
    dataset_scores,
    f_beta_dataset,
    f_beta_present,
    fdr_dataset,
    miou_dataset,
    miou_present,
)
from .robust import fpr_area, g_mean, g_scores
from .scores import class_labels, foreground_scores
from .semantic import SemanticSums, binary_miou, frame_miou, semantic_frame_sums
from .uncertainty import auroc, auroc_of_histograms, calibration_sums, expected_calibration_error, score_histograms

__all__ = [
    'SemanticSums',
    'accuracy',
    'auroc',
    'auroc_of_histograms',
    'binary_miou',
    'calibration_sums',
    'class_iou',
    'class_labels',
    'confusion_matrix',
    'dataset_scores',
    'expected_calibration_error',
    'f_beta_dataset',
    'f_beta_present',
    'f_curve',
    'f_max',
    'fdr_dataset',
    'foreground_scores',
    'fpr_area',
    'frame_miou',
    'g_mean',
    'g_scores',
    'iou_of_masks',
    'mask_iou',
    'mask_iou_per_frame',
    'miou_dataset',
    'miou_present',
    'precision_recall_curves',
    'score_histograms',
    'semantic_frame_sums',
    'thresholds',
]
