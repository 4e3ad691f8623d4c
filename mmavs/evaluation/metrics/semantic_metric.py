"""Class-wise J and F of AVSBench-semantic."""

from typing import Any

import torch

from mmavs.evaluation.functional.binary import iou_of_masks
from mmavs.evaluation.functional.semantic import SemanticSums, semantic_frame_sums
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric, counted_frames, mean


@METRICS.register_module()
class SemanticAVSMetric(BaseAVSMetric):
    """Per-frame, per-class J and F (AVSS), averaged over all classes; a class that is never seen counts 0.

    Keys:
        - ``mJ_class``, ``mF_class``: as published, with the padded frames of short clips counted as perfect background.
        - ``mJ_class_valid``, ``mF_class_valid``: the same without padded frames.
        - ``mJ_class_nobg``, ``mF_class_nobg``: padded frames and background left out.
        - ``mJ_class_nobg_official``, ``mF_class_nobg_official``: as published, which leaves out the *last* class.
        - ``J_foreground``: J of sounding against silent pixels whatever the class, mean over frames.
        - ``classes_seen``.

    Args:
        pad_frames: Length the published code pads clips to.
        collect_device: ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the keys.
    """

    def __init__(self, pad_frames: int = 10, *, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.pad_frames = pad_frames

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Sum over the frames of one clip."""
        frames = counted_frames(sample)
        logits, target = sample['pred_logits'][frames], sample['gt_masks'][frames]
        if not torch.isfinite(logits).all():
            raise ValueError('pred_logits hold NaN or infinite values')
        labels = logits.argmax(1)
        sums = semantic_frame_sums(labels, target, logits.shape[1])
        foreground = torch.where(target == 255, 255, (target != 0).long())
        return dict(
            sums=SemanticSums(sums.iou.cpu(), sums.f.cpu(), sums.count.cpu()),
            padded=max(0, self.pad_frames - len(frames)),
            foreground=iou_of_masks(labels != 0, foreground).cpu(),
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
            iou, f = sums.class_scores()
            metrics[f'mJ_class{suffix}'] = mean(iou[keep])
            metrics[f'mF_class{suffix}'] = mean(f[keep])
        metrics['J_foreground'] = mean(torch.cat([result['foreground'] for result in results]))
        metrics['classes_seen'] = float((valid.count > 0).sum())
        return metrics
