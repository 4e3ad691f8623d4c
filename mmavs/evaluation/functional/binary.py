"""J and F of one foreground, per frame, as AVSBench computes them.

Source: https://github.com/OpenNLPLab/AVSBench, ``utils/utility.py`` (``mask_iou``, ``Eval_Fmeasure``).
"""

import torch
from torch import Tensor

from .scores import check_no_nan

NUM_THRESHOLDS = 255
BETA2 = 0.3
IOU_EPS = 1e-7
RATIO_EPS = 1e-20
IGNORE = 255
CHUNK_PIXELS = 65536  # pixels that are binned at once; what fits the cache is several times faster than a whole set


def check_pair(prediction: Tensor, target: Tensor) -> None:
    """Check a prediction against its binary target.

    Args:
        prediction: ``(N, H, W)``.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Raises:
        ValueError: The shapes differ or are not ``(N, H, W)``, the prediction holds NaN, or the target other values.
    """
    if prediction.dim() != 3 or prediction.shape != target.shape:
        raise ValueError(
            f'prediction {tuple(prediction.shape)} and target {tuple(target.shape)} must both be (N, H, W); resize one of them'
        )
    check_no_nan(prediction, 'the prediction')
    if ((target != 0) & (target != 1) & (target != IGNORE)).any():
        raise ValueError(f'a binary target holds 0, 1 and {IGNORE} (ignored) only; binarise it with (target != 0)')


def iou_of_masks(pred: Tensor, target: Tensor) -> Tensor:
    """Per-frame IoU of boolean masks with AVSBench's rule for empty targets.

    Where the target of a frame is empty the value is the share of pixels predicted as background. Pixels labelled 255 do
    not count.

    Args:
        pred: ``(N, H, W)`` bool.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        ``(N,)`` float64.
    """
    counted = target != IGNORE
    truth = (target == 1) & counted
    pred = pred & counted
    inter = (pred & truth).sum((-2, -1)).double()
    union = (pred | truth).sum((-2, -1)).double()
    pixels = counted.sum((-2, -1)).double()
    background = (counted & ~pred).sum((-2, -1)).double()
    return torch.where(has_object(target), inter / (union + IOU_EPS), background / (pixels + IOU_EPS))


def has_object(target: Tensor) -> Tensor:
    """Tell which frames of a target ``(N, H, W)`` have an object, ``(N,)`` bool."""
    return (target == 1).flatten(1).any(1)


def mask_iou_per_frame(logits: Tensor, target: Tensor) -> Tensor:
    """J of each frame.

    Args:
        logits: ``(N, H, W)``; the prediction is ``sigmoid(logit) > 0.5``.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        ``(N,)`` float64.

    Raises:
        ValueError: See :func:`check_pair`.
    """
    check_pair(logits, target)
    return iou_of_masks(logits.float().sigmoid() > 0.5, target)


def mask_iou(logits: Tensor, target: Tensor) -> float:
    """``mask_iou`` of AVSBench: the mean of J over the frames of one call, see :func:`mask_iou_per_frame`."""
    return float(mask_iou_per_frame(logits, target).mean())


def thresholds(device: torch.device | str = 'cpu') -> Tensor:
    """Return the 255 thresholds of AVSBench, float32; the last one is exactly 1.

    They are made on the CPU and moved, as published: another device may round them otherwise.
    """
    return torch.linspace(0, 1 - 1e-10, NUM_THRESHOLDS).to(device)


def count_reached(scores: Tensor, table: Tensor) -> Tensor:
    """Return how many thresholds each score reaches (``score >= threshold``).

    The thresholds are evenly spaced up to rounding. Multiplication with a margin gives the right number or one more, and one
    comparison with the real threshold decides: ties come out as with 255 comparisons.

    Args:
        scores: Any shape, float32 in [0, 1].
        table: :func:`thresholds`.

    Returns:
        int32 in 1..255, the shape of ``scores``.
    """
    index = (scores * (NUM_THRESHOLDS - 1) + 0.01).int()
    return index + 1 - (scores < torch.take(table, index.long())).int()


def _histograms(scores: Tensor, target: Tensor) -> Tensor:
    """Count pixels of each frame by target (0, 1) and thresholds reached (0 to 255), ``(N, 2, 256)`` int64."""
    bins = NUM_THRESHOLDS + 1
    table = thresholds(scores.device)
    frames = max(1, CHUNK_PIXELS // max(1, scores[0].numel())) if len(scores) else 1
    parts = []
    for part, truth in zip(scores.split(frames), target.split(frames), strict=True):
        kind = (truth == 1).int() + 2 * (truth == IGNORE).int()
        kind += 3 * torch.arange(len(part), dtype=torch.int32, device=part.device).view(-1, 1, 1)
        slot = count_reached(part, table) + bins * kind
        counts = torch.bincount(slot.flatten(), minlength=3 * bins * len(part))
        parts.append(counts.view(len(part), 3, bins)[:, :2])
    return torch.cat(parts) if parts else scores.new_zeros((0, 2, bins), dtype=torch.long)


def precision_recall_curves(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Precision and recall of each frame at the 255 thresholds.

    All thresholds are read off one histogram per frame instead of 255 comparisons.

    Args:
        scores: ``(N, H, W)`` in [0, 1], compared in float32.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        Two ``(N, 255)`` float64.

    Raises:
        ValueError: See :func:`check_pair`; or scores outside [0, 1].
    """
    check_pair(scores, target)
    scores = scores.float()
    if scores.numel():
        low, high = scores.aminmax()
        if low < 0 or high > 1:
            raise ValueError(f'scores must lie in [0, 1], got {float(low)} to {float(high)}; pass logits.sigmoid()')
    counts = _histograms(scores, target)
    reached = counts.flip(-1).cumsum(-1).flip(-1)[..., 1:].double()  # pixels that reach threshold j
    true_positive, positive = reached[:, 1], reached.sum(1)
    truth = counts[:, 1].sum(-1, keepdim=True).double()
    return true_positive / (positive + RATIO_EPS), true_positive / (truth + RATIO_EPS)


def f_curve(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """F (beta squared 0.3) of each frame at the 255 thresholds, and which frames have an object.

    Args:
        scores: ``(N, H, W)`` in [0, 1].
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        ``(N, 255)`` float64 and ``(N,)`` bool; frames without an object do not enter any mean.

    Raises:
        ValueError: See :func:`precision_recall_curves`.
    """
    precision, recall = precision_recall_curves(scores, target)
    curve = ((1 + BETA2) * precision * recall / (BETA2 * precision + recall)).nan_to_num(0.0)
    return curve, has_object(target)


def f_max(logits: Tensor, target: Tensor) -> float:
    """``Eval_Fmeasure`` of AVSBench: the maximum of the mean curve over the frames of one call.

    Args:
        logits: ``(N, H, W)``; the score is ``sigmoid(logit)``.
        target: ``(N, H, W)`` in {0, 1}, 255 ignored.

    Returns:
        The maximum; 0 if no frame has an object.

    Raises:
        ValueError: See :func:`check_pair`.
    """
    curve, counted = f_curve(logits.float().sigmoid(), target)
    count = int(counted.sum())
    return float(curve[counted].sum(0).max() / count) if count else 0.0
