"""J and F of one foreground, per frame, as AVSBench computes them.

Source: https://github.com/OpenNLPLab/AVSBench, ``utils/utility.py`` (``mask_iou``, ``Eval_Fmeasure``).
"""

import torch
from torch import Tensor

NUM_THRESHOLDS = 255
BETA2 = 0.3
IOU_EPS = 1e-7
RATIO_EPS = 1e-20
IGNORE = 255


def check_pair(scores: Tensor, target: Tensor) -> None:
    """Check that scores and target are both ``(N, H, W)`` and the scores finite.

    Raises:
        ValueError: They are not.
    """
    if scores.dim() != 3 or scores.shape != target.shape:
        raise ValueError(
            f'prediction {tuple(scores.shape)} and target {tuple(target.shape)} must both be (N, H, W); resize one of them'
        )
    if not torch.isfinite(scores).all():
        raise ValueError('the prediction holds NaN or infinite values')


def foreground_scores(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Turn mask logits into foreground scores and decisions.

    Args:
        logits: ``(T, K, H, W)``. One logit is binary; with several, class 0 is background.

    Returns:
        Scores ``(T, H, W)`` in [0, 1] (sigmoid, or one minus the softmax of background), and the decision ``(T, H, W)`` bool
        (score above 0.5, or argmax other than background).
    """
    if logits.shape[1] == 1:
        scores = logits[:, 0].float().sigmoid()
        return scores, scores > 0.5
    return 1 - logits.float().softmax(1)[:, 0], logits.argmax(1) != 0


def iou_of_masks(pred: Tensor, target: Tensor) -> Tensor:
    """Per-frame IoU of boolean masks ``(N, H, W)`` with AVSBench's rule for empty targets, float64 ``(N,)``.

    Where the target of a frame is empty the value is the share of pixels predicted as background. Pixels labelled 255 do
    not count.
    """
    counted = target != IGNORE
    truth = (target == 1) & counted
    pred = pred & counted
    inter = (pred & truth).sum((-2, -1)).double()
    union = (pred | truth).sum((-2, -1)).double()
    pixels = counted.sum((-2, -1)).double()
    background = (counted & ~pred).sum((-2, -1)).double()
    empty = ~truth.flatten(1).any(1)
    return torch.where(empty, background / (pixels + IOU_EPS), inter / (union + IOU_EPS))


def mask_iou_per_frame(logits: Tensor, target: Tensor) -> Tensor:
    """J of each frame.

    Args:
        logits: ``(N, H, W)``; the prediction is ``sigmoid(logit) > 0.5``.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        ``(N,)`` float64.
    """
    check_pair(logits, target)
    return iou_of_masks(logits.float().sigmoid() > 0.5, target)


def mask_iou(logits: Tensor, target: Tensor) -> float:
    """``mask_iou`` of AVSBench: the mean of J over the frames of one call."""
    return float(mask_iou_per_frame(logits, target).mean())


def thresholds(device: torch.device | str = 'cpu') -> Tensor:
    """Return the 255 thresholds of AVSBench; in float32 the last one is exactly 1."""
    return torch.linspace(0, 1 - 1e-10, NUM_THRESHOLDS, device=device)


def count_reached(scores: Tensor) -> Tensor:
    """Return how many thresholds each score in [0, 1] reaches (``score >= threshold``), int64 of the same shape.

    The thresholds are evenly spaced, so the number is a multiplication and a rounding; two comparisons with the real
    thresholds mend what the rounding misses.
    """
    table = torch.cat([thresholds(scores.device), torch.tensor([2.0], device=scores.device)])
    index = (scores * (NUM_THRESHOLDS - 1)).long().clamp_(0, NUM_THRESHOLDS - 1)
    index += (scores >= table[index + 1]).long()
    index -= (scores < table[index]).long()
    return index + 1


def precision_recall_curves(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Precision and recall of each frame at the 255 thresholds.

    All thresholds are read off one histogram per frame instead of 255 comparisons.

    Args:
        scores: ``(N, H, W)`` in [0, 1].
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        Two ``(N, 255)`` float64.
    """
    check_pair(scores, target)
    num = scores.shape[0]
    bins = NUM_THRESHOLDS + 1
    slot = count_reached(scores.float()) + bins * (target == 1)
    slot = slot + 2 * bins * (target == IGNORE)
    slot = slot + 3 * bins * torch.arange(num, device=scores.device).view(-1, 1, 1)
    counts = torch.bincount(slot.flatten(), minlength=3 * bins * num).view(num, 3, bins)[:, :2]
    reached = counts.flip(-1).cumsum(-1).flip(-1)[..., 1:].double()  # pixels that reach threshold j
    true_positive, positive = reached[:, 1], reached.sum(1)
    truth = counts[:, 1].sum(-1, keepdim=True).double()
    return true_positive / (positive + RATIO_EPS), true_positive / (truth + RATIO_EPS)


def f_curve(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """F (beta squared 0.3) of each frame at the 255 thresholds, and which frames have an object.

    Returns:
        ``(N, 255)`` float64 and ``(N,)`` bool; frames without an object do not enter any mean.
    """
    precision, recall = precision_recall_curves(scores, target)
    curve = ((1 + BETA2) * precision * recall / (BETA2 * precision + recall)).nan_to_num(0.0)
    return curve, (target == 1).flatten(1).any(1)


def f_max(logits: Tensor, target: Tensor) -> float:
    """``Eval_Fmeasure`` of AVSBench: the maximum of the mean curve over the frames of one call, 0 if all are empty."""
    curve, has_object = f_curve(logits.float().sigmoid(), target)
    count = int(has_object.sum())
    return float(curve[has_object].sum(0).max() / count) if count else 0.0
