"""Class-wise J and F of AVSBench-semantic."""

from typing import Any

import torch

from mmavs.evaluation.functional.binary import iou_of_masks
from mmavs.evaluation.functional.scores import class_labels
from mmavs.evaluation.functional.semantic import SemanticSums, semantic_frame_sums
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import binary_masks, labelled_frames, mean


@METRICS.register_module()
class SemanticAVSMetric(BaseAVSMetric):
    """Per-frame, per-class J and F (AVSS), averaged over all classes; a class that is never seen counts 0.

    Keys:
        - ``mJ_class``, ``mF_class``: as published, with the padded frames of short clips counted as perfect background.
        - ``mJ_class_valid``, ``mF_class_valid``: the same without padded frames.
        - ``mJ_class_nobg``, ``mF_class_nobg``: padded frames and background left out.
        - ``mJ_class_nobg_official``, ``mF_class_nobg_official``: as published, which leaves out the *last* class.
        - ``J_foreground``: J of sounding against silent pixels whatever the class, mean over frames.
        - ``classes_seen``: classes that occur in truth or prediction.

    Args:
        pad_frames: Length the published code pads clips to; 0 if it does not.
        **kwargs: See :class:`BaseAVSMetric`.

    Raises:
        ValueError: ``pad_frames`` is negative.
    """

    def __init__(self, pad_frames: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pad_frames < 0:
            raise ValueError(f'pad_frames must not be negative, got {pad_frames}')
        self.pad_frames = pad_frames

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Sum over the frames of one clip."""
        frames = labelled_frames(sample)
        num_classes = frames.logits.shape[1]
        if num_classes < 2:
            raise ValueError(
                'class metrics need one logit per class, background included; use BinaryAVSMetric for one logit'
            )
        labels = class_labels(frames.logits)
        sums = semantic_frame_sums(labels, frames.masks, num_classes)
        existing = int(sample['frame_valid'].sum())
        return dict(
            sums=SemanticSums(sums.iou.cpu(), sums.f.cpu(), sums.count.cpu()),
            padded=max(0, self.pad_frames - existing),
            foreground=iou_of_masks(labels != 0, binary_masks(frames.masks)).cpu(),
        )

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Combine the clips."""
        valid = results[0]['sums']
        for result in results[1:]:
            valid = valid + result['sums']
        official = valid.with_perfect_background(sum(result['padded'] for result in results))
        metrics = {}
        for suffix, sums, keep in (
            ('', official, slice(None)),
            ('_valid', valid, slice(None)),
            ('_nobg', valid, slice(1, None)),
            ('_nobg_official', official, slice(None, -1)),
        ):
            metrics[f'mJ_class{suffix}'], metrics[f'mF_class{suffix}'] = sums.mean_scores(keep)
        metrics['J_foreground'] = mean(torch.cat([result['foreground'] for result in results]))
        metrics['classes_seen'] = float((valid.count > 0).sum())
        return metrics
