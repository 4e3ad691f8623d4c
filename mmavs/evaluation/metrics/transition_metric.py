"""Scores where the set of sounding objects changes, beside those where it does not."""

from typing import Any

import torch
from torch import Tensor

from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric, counted_frames, frame_scores, mean


def state_changes(sample: dict[str, Any]) -> Tensor:
    """Tell for frames 1 to T-1 whether the sounding set differs from the frame before, ``(T - 1,)`` bool.

    The set is read off the per-second ``tags`` where the sample has them, else off the labels that occur in ``gt_masks``
    (for a binary mask: whether there is any).
    """
    if 'tags' in sample:
        tags = sample['tags'] > 0.5
        return (tags[1:] != tags[:-1]).any(1)
    masks = sample['gt_masks']
    present = torch.stack([torch.bincount(mask[mask != 255].flatten(), minlength=256) > 0 for mask in masks])[:, 1:]
    return (present[1:] != present[:-1]).any(1)


@METRICS.register_module()
class TransitionMetric(BaseAVSMetric):
    """J, F and false-positive area on frames at which the set of sounding objects has just changed, and on the others.

    The first frame of a clip, and a frame behind one whose mask is unknown, belongs to neither.

    Keys, each for ``change`` and ``steady``: ``J_*`` (mean over frames), ``F_*`` (maximum of the mean curve over the frames
    with an object), ``FP_area_*`` (share of pixels predicted on frames without an object), ``num_*`` (frames).
    """

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Score the frames of one clip from its second one on."""
        counted = counted_frames(sample)
        changed = state_changes(sample).to(counted.device)
        usable = counted[1:] & counted[:-1]
        scores = frame_scores(sample)
        behind = usable[counted[1:]]  # among the frames that count, without the clip's first
        skip = int(counted[0])
        result = {key: value[skip:][behind].cpu() for key, value in scores.items()}
        result['changed'] = changed[counted[1:]][behind].cpu()
        return result

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Average over the frames of either kind."""
        stacked = {
            key: torch.cat([r[key] for r in results]) for key in ('iou', 'area', 'has_object', 'curve', 'changed')
        }
        metrics = {}
        for name, kind in (('change', stacked['changed']), ('steady', ~stacked['changed'])):
            has_object = stacked['has_object']
            curves = stacked['curve'][kind & has_object]
            metrics[f'J_{name}'] = mean(stacked['iou'][kind])
            metrics[f'F_{name}'] = float(curves.mean(0).max()) if len(curves) else 0.0
            metrics[f'FP_area_{name}'] = mean(stacked['area'][kind & ~has_object])
            metrics[f'num_{name}'] = float(kind.sum())
        return metrics
