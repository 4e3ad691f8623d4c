"""Robustness to audio that does not belong to the picture (AVSBench-Robust)."""

from collections.abc import Mapping, Sequence
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


def g_scores(
    matched: Mapping[str, float],
    negative: Sequence[Mapping[str, float]],
    mean: Literal['harmonic', 'geometric'] = 'harmonic',
    *,
    j_key: str = 'J_frame',
    f_key: str | None = 'F_max_exact',
    fpr_key: str = 'FPR_area',
) -> dict[str, float]:
    """Combine the metrics of the right audio with those of several negative audio conditions.

    ``G_mIoU`` and ``G_F`` are :func:`g_mean` of the right score and the negative scores' average, ``G_FPR`` is the average of
    the predicted area under negative audio. Unverified, see :func:`g_mean`.

    Args:
        matched: Metrics with the right audio.
        negative: Metrics of each negative condition (silence, noise, off-screen sound).
        mean: ``'harmonic'`` or ``'geometric'``.
        j_key: Key of J.
        f_key: Key of F; ``None`` leaves ``G_F`` out.
        fpr_key: Key of the predicted area.

    Raises:
        ValueError: No negative condition, or a key that some metrics lack.
    """
    if not negative:
        raise ValueError('G scores need the metrics of at least one negative audio condition, got none')
    scores = (j_key,) if f_key is None else (j_key, f_key)
    for name, metrics, keys in (
        ('right audio', matched, scores),
        *((f'negative condition {i}', metrics, (*scores, fpr_key)) for i, metrics in enumerate(negative)),
    ):
        missing = [key for key in keys if key not in metrics]
        if missing:
            raise ValueError(f'the metrics of the {name} lack {missing}; they have {sorted(metrics)}')

    def average(key: str) -> float:
        return sum(metrics[key] for metrics in negative) / len(negative)

    got = dict(G_mIoU=g_mean(matched[j_key], average(j_key), mean), G_FPR=average(fpr_key))
    return got if f_key is None else {**got, 'G_F': g_mean(matched[f_key], average(f_key), mean)}
