"""Reading data samples for metrics: which frames count, and their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmavs.evaluation.functional.binary import IGNORE, check_pair, f_curve, has_object, iou_of_masks
from mmavs.evaluation.functional.scores import ScoreRule, check_no_nan, foreground_scores


def require_fields(sample: dict[str, Any], fields: Sequence[str]) -> None:
    """Refuse a sample without the fields a metric reads.

    Raises:
        ValueError: The sample lacks one.
    """
    missing = [field for field in fields if field not in sample]
    if missing:
        raise ValueError(f'the sample lacks {missing}; it has {sorted(sample)}')


@dataclass
class LabelledFrames:
    """The frames of one clip that a metric may use.

    Attributes:
        logits: ``(n, K, H, W)``.
        masks: ``(n, H, W)`` long, 255 ignored, on the device of the logits.
        counted: ``(T,)`` bool, which frames of the clip these are.
    """

    logits: Tensor
    masks: Tensor
    counted: Tensor


def labelled_frames(sample: dict[str, Any]) -> LabelledFrames:
    """Pick the frames that exist and whose mask is known.

    Args:
        sample: Dict of an ``AVSDataSample`` with ``pred_logits`` ``(T, K, H, W)``, ``gt_masks`` ``(T, H, W)``,
            ``frame_valid`` ``(T,)`` and, optionally, ``frame_labelled`` ``(T,)``.

    Raises:
        ValueError: A field is missing, shapes disagree, or the logits hold NaN.
    """
    require_fields(sample, ('pred_logits', 'gt_masks', 'frame_valid'))
    logits, masks = sample['pred_logits'].detach(), sample['gt_masks']
    if logits.dim() != 4 or (len(logits), *logits.shape[2:]) != tuple(masks.shape):
        raise ValueError(
            f'pred_logits {tuple(logits.shape)} must be (T, K, H, W) for gt_masks {tuple(masks.shape)} (T, H, W)'
        )
    counted = sample['frame_valid'].bool()
    if 'frame_labelled' in sample:
        counted = counted & sample['frame_labelled'].bool()
    if counted.shape != logits.shape[:1]:
        raise ValueError(f'frame_valid has {tuple(counted.shape)} frames, pred_logits {tuple(logits.shape)}')
    counted = counted.to(logits.device)
    logits = logits[counted]
    check_no_nan(logits, 'pred_logits')
    return LabelledFrames(logits, masks.to(logits.device)[counted].long(), counted)


@dataclass
class FrameScores:
    """Binary scores of the ``n`` frames that count, on the CPU.

    Attributes:
        iou: J of each frame, ``(n,)`` float64.
        area: Share of the (not ignored) pixels predicted as foreground, ``(n,)`` float64.
        has_object: ``(n,)`` bool.
        curve: F at the 255 thresholds, ``(n, 255)`` float64.
        counted: ``(T,)`` bool, which frames of the clip these are.
    """

    iou: Tensor
    area: Tensor
    has_object: Tensor
    curve: Tensor
    counted: Tensor


def binary_masks(masks: Tensor) -> Tensor:
    """Any class becomes 1; 255 stays."""
    return torch.where(masks == IGNORE, IGNORE, (masks != 0).long())


def binary_frame_scores(sample: dict[str, Any], rule: ScoreRule | None = None) -> FrameScores:
    """Score the foreground of one clip frame by frame; semantic masks count as foreground whatever the class.

    Args:
        sample: See :func:`labelled_frames`.
        rule: See :func:`mmavs.evaluation.functional.foreground_scores`.

    Raises:
        ValueError: See :func:`labelled_frames`; or the rule does not fit the number of classes.
    """
    frames = labelled_frames(sample)
    scores, pred = foreground_scores(frames.logits, rule)
    target = binary_masks(frames.masks)
    check_pair(scores, target)
    counted = target != IGNORE
    area = (pred & counted).sum((-2, -1)).double() / counted.sum((-2, -1)).clamp(min=1)
    curve = f_curve(scores, target)[0]
    return FrameScores(
        *(value.cpu() for value in (iou_of_masks(pred, target), area, has_object(target), curve, frames.counted))
    )


def mean(values: Tensor) -> float:
    """Mean in float64; NaN where there is nothing to average, so that "none" is never read as zero."""
    return float(values.double().mean()) if values.numel() else float('nan')
