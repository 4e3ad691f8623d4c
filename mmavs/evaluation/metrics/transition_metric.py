"""Scores where the set of sounding objects changes, beside those where it does not."""

from typing import Any

import torch
from torch import Tensor

from mmavs.evaluation.functional.binary import IGNORE
from mmavs.evaluation.functional.scores import ScoreRule, check_score_rule
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import binary_frame_scores, mean


def sounding_changes(sample: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Tell at which frames the set of sounding objects differs from that of the frame before.

    The set is read off the per-second ``tags`` where the sample has them, else off the labels that occur in ``gt_masks``
    (for a binary mask: whether there is any). Two objects of one class are not told apart in either case.

    Args:
        sample: Dict of an ``AVSDataSample``.

    Returns:
        Two ``(T,)`` bool on the CPU: the set has changed; it is known whether it has (never at the first frame, nor, without
        tags, at a frame whose mask or predecessor's mask is unknown).

    Raises:
        ValueError: ``tags`` and ``frame_valid`` differ in length.
    """
    known = sample['frame_valid'].bool().cpu()
    if 'tags' in sample:
        state = sample['tags'].cpu() > 0.5
        if len(state) != len(known):
            raise ValueError(f'tags {tuple(state.shape)} must have one row per frame, frame_valid has {len(known)}')
    else:
        if 'frame_labelled' in sample:
            known = known & sample['frame_labelled'].bool().cpu()
        masks = sample['gt_masks'].cpu().long()
        labels = IGNORE + 1
        slot = masks + labels * torch.arange(len(masks)).view(-1, 1, 1)
        counts = torch.bincount(slot.flatten(), minlength=labels * len(masks)).view(len(masks), labels)
        state = counts[:, 1:IGNORE] > 0
    changed, decided = torch.zeros_like(known), torch.zeros_like(known)
    changed[1:] = (state[1:] != state[:-1]).any(1)
    decided[1:] = known[1:] & known[:-1]
    return changed, decided


@METRICS.register_module()
class TransitionMetric(BaseAVSMetric):
    """J, F and false-positive area on frames at which the set of sounding objects has just changed, and on the others.

    The first frame of a clip belongs to neither kind, see :func:`sounding_changes`. Only frames that exist and whose mask is
    known count.

    Keys, each for ``change`` and ``steady``: ``J_*`` (mean over frames), ``F_*`` (maximum of the mean curve over the frames
    with an object), ``FP_area_*`` (share of pixels predicted on frames without an object), ``num_*`` (frames). A value
    without a frame behind it is NaN.

    Args:
        score: How logits become scores, see :func:`mmavs.evaluation.functional.foreground_scores`.
        **kwargs: See :class:`BaseAVSMetric`.

    Raises:
        ValueError: An unknown ``score``.
    """

    def __init__(self, score: ScoreRule | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_score_rule(score)
        self.score = score

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Keep J and area of the frames of either kind, and their summed F curves."""
        scores = binary_frame_scores(sample, self.score)
        changed, decided = (flags[scores.counted] for flags in sounding_changes(sample))
        result = {}
        for name, kind in (('change', changed & decided), ('steady', ~changed & decided)):
            result[name] = dict(
                iou=scores.iou[kind],
                area=scores.area[kind],
                has_object=scores.has_object[kind],
                curve=scores.curve[kind & scores.has_object].sum(0),
            )
        return result

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Average over the frames of either kind."""
        metrics = {}
        for name in ('change', 'steady'):
            clips = [result[name] for result in results]
            iou, area, has_object = (torch.cat([clip[key] for clip in clips]) for key in ('iou', 'area', 'has_object'))
            curve = torch.stack([clip['curve'] for clip in clips]).sum(0)
            metrics[f'J_{name}'] = mean(iou)
            # nothing to average leaves 0 / 0, NaN as in ``mean``
            metrics[f'F_{name}'] = float((curve / has_object.sum()).max())
            metrics[f'FP_area_{name}'] = mean(area[~has_object])
            metrics[f'num_{name}'] = float(len(iou))
        return metrics
