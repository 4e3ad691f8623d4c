"""Robustness to audio that does not belong to the picture (AVSBench-Robust)."""

from typing import Literal

from torch import Tensor


def fpr_area(pred: Tensor) -> Tensor:
    """Share of all pixels predicted positive, per frame.

    The published "FPR" is no false-positive rate in the usual sense: no ground truth enters.

    Args:
        pred: ``(N, H, W)`` bool.

    Returns:
        ``(N,)`` float64.
    """
    return pred.sum((-2, -1)).double() / (pred.shape[-2] * pred.shape[-1] + 1e-7)


def g_mean(positive: float, negative: float, mean: Literal['harmonic', 'geometric'] = 'harmonic') -> float:
    """Combine the score with the right audio and one minus the score with wrong audio.

    The published G-mIoU comes without a formula; the harmonic mean reproduces a published baseline and is the default, but
    the formula is unverified.

    Args:
        positive: Score with the right audio, in [0, 1]; high is good.
        negative: Score with negative audio (averaged over conditions), in [0, 1]; low is good.
        mean: ``'harmonic'`` or ``'geometric'``.

    Raises:
        ValueError: Another mean, or a score outside [0, 1].
    """
    if not (0 <= positive <= 1 and 0 <= negative <= 1):
        raise ValueError(f'scores must lie in [0, 1], got {positive} and {negative}')
    rejected = 1 - negative
    if mean == 'harmonic':
        return 2 * positive * rejected / (positive + rejected) if positive + rejected else 0.0
    if mean == 'geometric':
        return (positive * rejected) ** 0.5
    raise ValueError(f"mean must be 'harmonic' or 'geometric', got {mean!r}")
