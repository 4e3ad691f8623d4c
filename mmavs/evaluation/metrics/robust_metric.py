"""What a model draws when the audio does not belong to the picture."""

from typing import Any

import torch

from mmavs.evaluation.functional.binary import iou_of_masks
from mmavs.evaluation.functional.robust import fpr_area
from mmavs.evaluation.functional.scores import ScoreRule, check_score_rule, foreground_scores
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .binary_metric import ANY_MASK_AREA
from .samples import binary_masks, labelled_frames, mean


@METRICS.register_module()
class RobustAVSMetric(BaseAVSMetric):
    """Predicted area and J against the original masks, for test loops with negative audio (AVSBench-Robust).

    Keys: ``FPR_area``, the share of pixels predicted positive (the published "FPR"; no ground truth enters); ``mask_rate``,
    the share of frames with more than 0.2 % of the pixels predicted; ``mIoU_original``, J against the masks of the visible
    objects. Under silence, noise and off-screen sound all three should be low; with the right audio ``mIoU_original`` is
    J. ``mmavs.evaluation.functional.g_scores`` combines the conditions.

    Args:
        score: How logits become decisions, see :func:`mmavs.evaluation.functional.foreground_scores`.
        **kwargs: See :class:`BaseAVSMetric`.

    Raises:
        ValueError: An unknown ``score``.
    """

    def __init__(self, score: ScoreRule | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_score_rule(score)
        self.score = score

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Measure predicted area and J of each frame."""
        frames = labelled_frames(sample)
        pred = foreground_scores(frames.logits, self.score)[1]
        return dict(area=fpr_area(pred).cpu(), iou=iou_of_masks(pred, binary_masks(frames.masks)).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Average over frames."""
        area, iou = (torch.cat([result[key] for result in results]) for key in ('area', 'iou'))
        return dict(FPR_area=mean(area), mask_rate=mean(area > ANY_MASK_AREA), mIoU_original=mean(iou))
