"""What a model draws, whatever the truth."""

from typing import Any

import torch

from mmavs.evaluation.functional.robust import fpr_area
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric, foreground_of, mean
from .binary_metric import ANY_MASK_AREA


@METRICS.register_module()
class RobustAVSMetric(BaseAVSMetric):
    """Predicted area under negative audio (AVSBench-Robust), to be read beside J against the original masks.

    Keys: ``FPR_area``, the share of pixels predicted positive (the published "FPR"; no ground truth enters), and
    ``mask_rate``, the share of frames with more than 0.2 % of the pixels predicted. Under silence, noise and off-screen sound
    both should be low. ``mmavs.evaluation.functional.g_mean`` combines scores under right and negative audio.
    """

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Measure the predicted area of each frame."""
        return dict(area=fpr_area(foreground_of(sample)[1]).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Average over frames."""
        area = torch.cat([result['area'] for result in results])
        return dict(FPR_area=mean(area), mask_rate=mean(area > ANY_MASK_AREA))
