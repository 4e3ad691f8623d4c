"""Metrics over the pixels of the whole set."""

from typing import Any

import torch

from mmavs.evaluation.functional.binary import IGNORE
from mmavs.evaluation.functional.dataset_level import confusion_matrix, dataset_scores, shows_several
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
        num_classes: Rows of the matrix; ``None``: the classes of the model. CAVP validates the 22 classes of VPO with F and FDR
            from 24 rows, of which two are empty: these scores stay, ``mIoU_dataset`` and ``JF_beta`` would shrink.
        several_only: Score only frames of several objects (more than two labels with over 100 pixels each, background among
            them), CAVP's "MS" columns on AVSS. Give the metric a ``prefix`` of its own beside the one for all frames.
        **kwargs: See :class:`BaseAVSMetric`.

    Raises:
        ValueError: The model has more classes than ``num_classes``, or a label lies outside the matrix.
    """

    def __init__(
        self, decimals: int | None = None, *, num_classes: int | None = None, several_only: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.decimals = decimals
        self.num_classes = num_classes
        self.several_only = several_only

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Count the pixels of one clip."""
        frames = labelled_frames(sample)
        binary = frames.logits.shape[1] == 1
        labels = foreground_scores(frames.logits)[1].long() if binary else class_labels(frames.logits)
        rows = 2 if binary else frames.logits.shape[1]
        if self.num_classes is not None:
            if rows > self.num_classes:
                raise ValueError(f'the model has {rows} classes, the metric num_classes={self.num_classes}')
            rows = self.num_classes
        masks = frames.masks
        if self.several_only:
            masks = torch.where(shows_several(masks, rows)[:, None, None], masks, IGNORE)
        return dict(matrix=confusion_matrix(labels, masks, rows).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Add the matrices and divide."""
        return dataset_scores(sum(result['matrix'] for result in results), self.decimals)
