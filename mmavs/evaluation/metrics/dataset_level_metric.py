"""Metrics over the pixels of the whole set."""

from typing import Any

from mmavs.evaluation.functional import dataset_level as functional
from mmavs.evaluation.functional.binary import BETA2, foreground_scores
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric, counted_frames


@METRICS.register_module()
class DatasetLevelMetric(BaseAVSMetric):
    """mIoU, F and FDR from one confusion matrix (CAVP, VPO, DDESeg); never to be mixed with per-frame numbers.

    Keys: ``mIoU_dataset`` (absent classes count 0), ``F1_dataset``, ``F03_dataset``, ``FDR_dataset`` (undefined classes are
    skipped), ``mIoU_present`` (classes that occur), ``accuracy``, ``JF_beta`` (mean of ``mIoU_dataset`` and ``F03_dataset``).
    One binary logit is scored as two classes.
    """

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Count the pixels of one clip."""
        frames = counted_frames(sample)
        logits, target = sample['pred_logits'][frames], sample['gt_masks'][frames]
        num_classes = max(2, logits.shape[1])
        labels = foreground_scores(logits)[1].long() if logits.shape[1] == 1 else logits.argmax(1)
        return dict(matrix=functional.confusion_matrix(labels, target, num_classes).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Add the matrices and divide."""
        matrix = sum(result['matrix'] for result in results)
        miou, f03 = functional.miou_dataset(matrix), functional.f_beta_dataset(matrix, BETA2)
        return dict(
            mIoU_dataset=miou,
            mIoU_present=functional.miou_present(matrix),
            F1_dataset=functional.f_beta_dataset(matrix, 1.0),
            F03_dataset=f03,
            FDR_dataset=functional.fdr_dataset(matrix),
            accuracy=functional.accuracy(matrix),
            JF_beta=(miou + f03) / 2,
        )
