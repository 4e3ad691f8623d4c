"""J and F of the foreground."""

from typing import Any

import torch

from mmavs.evaluation.functional.scores import ScoreRule, check_score_rule
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import binary_frame_scores, mean

ANY_MASK_AREA = 0.002


@METRICS.register_module()
class BinaryAVSMetric(BaseAVSMetric):
    """Per-frame J and F of AVSBench (S4, MS3).

    Keys:
        - ``J_frame``: mean over frames; an empty frame counts the share of background predicted.
        - ``J_frame_official``: mean over batches of ``batch_videos`` clips, as published; equal to ``J_frame`` when the batch
          divides the set.
        - ``F_max``: as published: per batch of ``batch_videos`` clips the maximum of the mean curve, then the mean over
          batches; a batch without any object counts 0. Depends on the batch size, smaller batches score higher.
        - ``F_max_exact``: one maximum of the mean curve over the set; independent of any batch. 0 if no frame has an object.
        - ``JF_mean``: mean of ``J_frame`` and ``F_max_exact``.
        - ``J_nonempty``: J over frames with an object. ``FP_area_empty``: share of pixels predicted on frames without;
          ``FP_rate_empty``: share of those frames with more than 0.2 % of the pixels predicted. Empty frames inflate J, so
          these belong beside it. NaN where the set has no such frame.
        - ``num_frames``, ``num_empty_frames``.

    Only frames that exist and whose mask is known count.

    Args:
        batch_videos: Clips per batch of the code base whose ``F_max`` is emulated (TPAVI 4, AVSegFormer 2, CATR 1), in the
            order of the data set whatever the real batch size.
        score: How logits become scores, see :func:`mmavs.evaluation.functional.foreground_scores`.
        **kwargs: See :class:`BaseAVSMetric`.

    Raises:
        ValueError: ``batch_videos`` below 1, or an unknown ``score``.
    """

    def __init__(self, batch_videos: int = 4, score: ScoreRule | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if batch_videos < 1:
            raise ValueError(f'batch_videos must be positive, got {batch_videos}')
        check_score_rule(score)
        self.batch_videos = batch_videos
        self.score = score

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Keep per-frame J and area, and the summed F curve of the frames with an object."""
        scores = binary_frame_scores(sample, self.score)
        return dict(
            iou=scores.iou,
            area=scores.area,
            has_object=scores.has_object,
            curve=scores.curve[scores.has_object].sum(0),
        )

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Combine the clips."""
        iou, area, has_object = (torch.cat([r[key] for r in results]) for key in ('iou', 'area', 'has_object'))
        batches = [results[i : i + self.batch_videos] for i in range(0, len(results), self.batch_videos)]
        # a batch without any frame that counts does not exist for the published code
        batches = [batch for batch in batches if any(r['iou'].numel() for r in batch)]
        j, f_exact = mean(iou), _best_f(results)
        return dict(
            J_frame=j,
            J_frame_official=mean(torch.tensor([_mean_j(batch) for batch in batches], dtype=torch.float64)),
            F_max=mean(torch.tensor([_best_f(batch) for batch in batches], dtype=torch.float64)),
            F_max_exact=f_exact,
            JF_mean=(j + f_exact) / 2,
            J_nonempty=mean(iou[has_object]),
            FP_area_empty=mean(area[~has_object]),
            FP_rate_empty=mean(area[~has_object] > ANY_MASK_AREA),
            num_frames=float(len(iou)),
            num_empty_frames=float((~has_object).sum()),
        )


def _best_f(results: list[dict[str, Any]]) -> float:
    """Maximum of the mean curve over the frames with an object, 0 if there are none."""
    count = sum(int(r['has_object'].sum()) for r in results)
    return float(torch.stack([r['curve'] for r in results]).sum(0).max() / count) if count else 0.0


def _mean_j(results: list[dict[str, Any]]) -> float:
    """Mean J over the frames of some clips."""
    return mean(torch.cat([r['iou'] for r in results]))
