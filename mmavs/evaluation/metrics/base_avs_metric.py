"""What all metrics of clips share."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmavs.evaluation.functional.binary import check_pair, f_curve, foreground_scores, iou_of_masks


class BaseAVSMetric(BaseMetric):
    """One result per clip, combined in the order of the data set.

    mmengine cuts the collected results to the length of the data set, so a metric must append exactly one entry per clip;
    and sums are only equal to the last digit for any number of processes if they are added in a fixed order, so entries are
    sorted by ``sample_idx`` (the index in the data set) before they are combined.
    """

    default_prefix = 'avs'

    @abstractmethod
    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Reduce one clip to the sums that ``combine`` needs."""

    @abstractmethod
    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Combine the clips, given in the order of the data set."""

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Append one entry per clip."""
        for sample in data_samples:
            try:
                result = self.clip_result(sample)
            except ValueError as error:
                raise ValueError(f'clip {sample.get("clip_id", "?")!r}: {error}') from error
            self.results.append(dict(order=sample.get('sample_idx', len(self.results)), **result))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Sort and combine."""
        return self.combine(sorted(results, key=lambda entry: entry['order']))


def counted_frames(sample: dict[str, Any]) -> Tensor:
    """Frames a metric may use: they exist and their mask is known; ``(T,)`` bool."""
    counted = sample['frame_valid']
    labelled = sample.get('frame_labelled')
    return counted if labelled is None else counted & labelled


def foreground_of(sample: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, decisions and 0/1/255 targets ``(n, H, W)`` of the frames that count.

    Raises:
        ValueError: Prediction and mask differ in size, or the prediction is not finite.
    """
    frames = counted_frames(sample)
    scores, pred = foreground_scores(sample['pred_logits'])
    masks = sample['gt_masks']
    target = torch.where(masks == 255, 255, (masks != 0).long())
    if scores.shape != target.shape:
        raise ValueError(f'pred_logits give {tuple(scores.shape)}, gt_masks are {tuple(target.shape)} (T, H, W)')
    check_pair(scores[frames], target[frames])
    return scores[frames], pred[frames], target[frames]


def frame_scores(sample: dict[str, Any]) -> dict[str, Tensor]:
    """Per-frame values of the frames that count: ``iou``, ``area`` (share predicted), ``has_object``, F ``curve``."""
    scores, pred, target = foreground_of(sample)
    curve, has_object = f_curve(scores, target)
    area = (pred & (target != 255)).sum((-2, -1)).double() / (target != 255).sum((-2, -1)).clamp(min=1)
    return dict(iou=iou_of_masks(pred, target), area=area, has_object=has_object, curve=curve)


def mean(values: Tensor) -> float:
    """Mean of a tensor, 0 if it is empty."""
    return float(values.double().mean()) if values.numel() else 0.0
