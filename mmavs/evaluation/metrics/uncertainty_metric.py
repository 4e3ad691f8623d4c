"""What an uncertainty map is worth."""

from typing import Any

import torch
from torch import Tensor

from mmavs.evaluation.functional.binary import IGNORE
from mmavs.evaluation.functional.scores import class_labels
from mmavs.evaluation.functional.uncertainty import (
    auroc,
    auroc_of_histograms,
    calibration_sums,
    expected_calibration_error,
    score_histograms,
)
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import binary_masks, labelled_frames, mean, require_fields
from .transition_metric import sounding_changes


@METRICS.register_module()
class UncertaintyMetric(BaseAVSMetric):
    """Does the uncertainty find wrong pixels and changes of sound, and is the prediction calibrated?

    A change frame is a frame whose set of sounding objects differs from that of the frame before it; the first frame of a clip is
    neither a change nor a steady one. The set is read off the per-second ``tags`` where a sample has them, else off the
    labels that occur in its masks; see :func:`sounding_changes`, which ``TransitionMetric`` uses too. Only frames that exist
    and whose mask is known count, and pixels labelled 255 do not.

    Keys:
        - ``AUROC_wrong_u``: ``u`` ranks wrongly labelled pixels above right ones (0.5: chance).
        - ``AUROC_wrong_mask``: the same for the prediction's own uncertainty, ``1 - |2 p - 1|`` or, with several classes,
          one minus the largest probability. The prediction is the combined one where a head combines.
        - ``AUROC_change_u``, ``AUROC_change_mask``: a frame's mean of either quantity ranks change frames above steady ones.
        - ``u_mean``, ``u_change``, ``u_steady``: mean ``u`` over all frames, change frames, steady frames.
        - ``FPR_change``, ``FPR_steady``: of the pixels that are background in truth, the share predicted as an object, on frames
          of either kind (a false-positive rate proper).
        - ``ECE``: expected calibration error of the predicted class's probability, 15 bins.
        - ``num_change_frames``, ``num_steady_frames``: frames behind these numbers. A value of nothing is NaN.

    Pixel rankings use histograms of 1/64 relative width (:func:`score_bins`), so that one entry per clip stays small; the
    error is at most half the share of pairs within one bin. Frame rankings are exact.

    Args:
        **kwargs: See :class:`BaseAVSMetric`.
    """

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Keep histograms of pixels and means of frames.

        Raises:
            ValueError: The sample has no ``pred_uncertainty``, or one of another shape.
        """
        require_fields(sample, ('pred_uncertainty',))
        frames = labelled_frames(sample)
        u = sample['pred_uncertainty'].detach()
        if u.shape != sample['gt_masks'].shape:
            raise ValueError(
                f'pred_uncertainty {tuple(u.shape)} must have the shape of gt_masks {tuple(sample["gt_masks"].shape)} (T, H, W)'
            )
        u = u.to(frames.logits.device)[frames.counted].float()
        labels, confidence, own = read_prediction(frames.logits)
        counted = frames.masks != IGNORE
        truth = binary_masks(frames.masks) if frames.logits.shape[1] == 1 else frames.masks
        wrong = (labels != truth)[counted]
        changed, decided = (flags[frames.counted.cpu()] for flags in sounding_changes(sample))
        negative = counted & (truth == 0)
        return dict(
            u=score_histograms(u[counted], wrong).int().cpu(),
            own=score_histograms(own[counted], wrong).int().cpu(),
            calibration=calibration_sums(confidence[counted], ~wrong).cpu(),
            frame_u=_frame_means(u, counted),
            frame_own=_frame_means(own, counted),
            false_positives=(negative & (labels != 0)).sum((-2, -1)).cpu(),
            negatives=negative.sum((-2, -1)).cpu(),
            changed=changed,
            decided=decided,
        )

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Add up the pixels, rank the frames."""
        keys = ('frame_u', 'frame_own', 'false_positives', 'negatives', 'changed', 'decided')
        frame_u, frame_own, false_positives, negatives, changed, decided = (
            torch.cat([result[key] for result in results]) for key in keys
        )
        metrics = {
            'AUROC_wrong_u': auroc_of_histograms(sum(result['u'].long() for result in results)),
            'AUROC_wrong_mask': auroc_of_histograms(sum(result['own'].long() for result in results)),
            'AUROC_change_u': auroc(frame_u[decided], changed[decided]),
            'AUROC_change_mask': auroc(frame_own[decided], changed[decided]),
            'u_mean': mean(frame_u),
            'ECE': expected_calibration_error(sum(result['calibration'] for result in results)),
        }
        for name, kind in (('change', changed & decided), ('steady', ~changed & decided)):
            metrics[f'u_{name}'] = mean(frame_u[kind])
            metrics[f'FPR_{name}'] = float(false_positives[kind].sum() / negatives[kind].sum())
            metrics[f'num_{name}_frames'] = float(kind.sum())
        return metrics


def read_prediction(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Read class, confidence and the prediction's own uncertainty off logits.

    Args:
        logits: ``(n, K, H, W)``.

    Returns:
        Each ``(n, H, W)``: predicted class (long), its probability, and ``1 - |2 p - 1|`` for one logit or one minus that
        probability for several. For one logit the small values, which are most, are exact and not a difference to 1.
    """
    logits = logits.float()
    if logits.shape[1] == 1:
        margin = logits[:, 0].abs()
        return (logits[:, 0].sigmoid() > 0.5).long(), margin.sigmoid(), (2 * (-margin).sigmoid()).clamp(max=1)
    labels = class_labels(logits)
    confidence = logits.softmax(1).gather(1, labels.unsqueeze(1)).squeeze(1)
    return labels, confidence, (1 - confidence).clamp(0, 1)


def _frame_means(values: Tensor, counted: Tensor) -> Tensor:
    """Mean of each frame over the counted pixels, ``(n,)`` float64 on the CPU."""
    return ((values * counted).double().sum((-2, -1)) / counted.sum((-2, -1)).clamp(min=1)).cpu()
