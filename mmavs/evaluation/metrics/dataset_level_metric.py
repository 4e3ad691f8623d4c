"""Metrics over the pixels of the whole set."""

from typing import Any

from mmavs.evaluation.functional.dataset_level import confusion_matrix, dataset_scores
from mmavs.evaluation.functional.scores import class_labels, foreground_scores
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import labelled_frames


@METRICS.register_module()
class DatasetLevelMetric(BaseAVSMetric):
    """mIoU, F and FDR from one confusion matrix (CAVP, VPO, DDESeg); never to be mixed with per-frame numbers.

    Keys: ``mIoU_dataset`` (absent classes count 0), ``F1_dataset``, ``F03_dataset``, ``FDR_dataset`` (undefined classes are
    skipped), ``mIoU_present``, ``F03_present`` (classes that occur), ``accuracy``, ``JF_beta`` (mean of ``mIoU_dataset`` and
    ``F03_dataset``). One binary logit is scored as two classes. Background is a class like the others.

    Args:
        decimals: Round as CAVP does with 4; ``None``: no rounding.
        **kwargs: See :class:`BaseAVSMetric`.
    """

    def __init__(self, decimals: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decimals = decimals

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Count the pixels of one clip."""
        frames = labelled_frames(sample)
        binary = frames.logits.shape[1] == 1
        labels = foreground_scores(frames.logits)[1].long() if binary else class_labels(frames.logits)
        return dict(matrix=confusion_matrix(labels, frames.masks, 2 if binary else frames.logits.shape[1]).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Add the matrices and divide."""
        return dataset_scores(sum(result['matrix'] for result in results), self.decimals)
