"""Is one method better than another? Paired bootstrap over the clips of a test set."""

from dataclasses import dataclass

import numpy as np

CHUNK = 1000  # resamples drawn at once


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two methods on the same clips.

    Attributes:
        difference: Mean of ``a - b``, seeds averaged first.
        low: Lower end of the interval.
        high: Upper end of the interval.
        per_seed: Difference of every seed; empty where the methods have different numbers of seeds.
        num_clips: Clips with a weight.
    """

    difference: float
    low: float
    high: float
    per_seed: tuple[float, ...]
    num_clips: int


def paired_bootstrap(
    a: np.ndarray,
    b: np.ndarray,
    num_samples: int = 10000,
    seed: int = 0,
    level: float = 0.95,
    *,
    weights: np.ndarray | None = None,
) -> PairedDifference:
    """Percentile interval of the mean difference over resampled clips.

    The interval holds the chance that lies in the choice of the test clips. It does not hold the chance of training: look at
    the differences of the single seeds for that.

    Args:
        a: Scores of one method, ``(N,)`` or ``(S, N)`` for ``S`` seeds.
        b: Scores of the other on the same clips, ``(N,)`` or ``(S', N)``; seed ``i`` of one is compared with seed ``i`` of the
            other.
        num_samples: Resamples.
        seed: Seed of the resamples.
        level: Coverage of the interval.
        weights: ``(N,)`` weight of each clip (its number of frames, say), 1 by default. Clips of weight 0 do not count,
            and their scores may be NaN.

    Raises:
        ValueError: Shapes that do not fit, weights without a positive one, NaN in a score that counts, or options out of range.
    """
    a, b = np.atleast_2d(np.asarray(a, np.float64)), np.atleast_2d(np.asarray(b, np.float64))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.size or not b.size:
        raise ValueError(f'scores must be (N,) or (S, N) on the same N clips, got {a.shape} and {b.shape}')
    if num_samples < 1 or not 0 < level < 1:
        raise ValueError(f'num_samples must be positive and level in (0, 1), got {num_samples} and {level}')
    weights = np.ones(a.shape[1]) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != a.shape[1:] or not (weights >= 0).all() or not weights.any():
        raise ValueError(f'weights must be ({a.shape[1]},), none negative, not all zero, got {weights.shape}')
    counted = weights > 0
    a, b, weights = a[:, counted], b[:, counted], weights[counted]
    for name, scores in (('a', a), ('b', b)):
        if not np.isfinite(scores).all():
            raise ValueError(
                f'{(~np.isfinite(scores)).sum()} scores of {name} are not finite; give such clips the weight 0'
            )
    weighted = (a.mean(0) - b.mean(0)) * weights
    means = _resampled_means(weighted, weights, num_samples, np.random.default_rng(seed))
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(means, (tail, 100 - tail))
    per_seed = (a - b) @ weights / weights.sum() if len(a) == len(b) else ()
    return PairedDifference(
        difference=float(weighted.sum() / weights.sum()),
        low=float(low),
        high=float(high),
        per_seed=tuple(float(value) for value in per_seed),
        num_clips=len(weights),
    )


def _resampled_means(
    weighted: np.ndarray, weights: np.ndarray, num_samples: int, generator: np.random.Generator
) -> np.ndarray:
    """Weighted means of resamples of the clips, ``(num_samples,)``."""
    number = len(weights)
    means = []
    for start in range(0, num_samples, CHUNK):
        # how often each clip is drawn says all about a resample
        counts = generator.multinomial(number, np.full(number, 1 / number), size=min(CHUNK, num_samples - start))
        means.append(counts @ weighted / (counts @ weights))
    return np.concatenate(means)
