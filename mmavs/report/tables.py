"""The numbers of the page: metrics of whole sets, and intervals over the clips of sets and subsets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmavs.evaluation.bootstrap import PairedDifference, paired_bootstrap
from mmavs.evaluation.study_report import SCORES, Weights

from .results import SetResult

NUM_SAMPLES = 2000  # resamples; the third decimal of an interval end does not depend on more
METRICS = (
    'avs/J_frame',
    'avs/F_max_exact',
    'avs/J_nonempty',
    'avs/FP_rate_empty',
    'avs/mask_rate',
    'avs/J_change',
    'avs/J_steady',
    'avs/mJ_class',
    'avs/mF_class',
    'avs/J_foreground',
    'avs/AUROC_wrong_u',
    'avs/ECE',
)
"""Metrics shown where the caller names none, as far as a model has them."""


def _every_clip(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.ones(len(next(iter(values.values()))))


CLIP_SCORES: dict[str, tuple[str, Weights]] = {**SCORES, 'J_foreground': ('avs/J_foreground', _every_clip)}
"""Column, key of the clip scores, and which frames (clips, where frames are not counted) weigh how much."""


@dataclass(frozen=True)
class SetRow:
    """One score of all models on a test set or a subset of it.

    Attributes:
        label: Name of the set, with its subset where it has several.
        num_clips: Clips that count.
        means: Mean of each model with its interval.
        differences: Difference of each model to the reference with its interval; ``None`` for the reference.
    """

    label: str
    num_clips: int
    means: tuple[PairedDifference, ...]
    differences: tuple[PairedDifference | None, ...]


def shown_metrics(results: Sequence[SetResult], wanted: Sequence[str] | None) -> list[str]:
    """Return the metric keys to show: what is wanted, or what is known of :data:`METRICS`, or else all there is.

    Raises:
        ValueError: No model has a wanted metric.
    """
    known = list(dict.fromkeys(key for result in results for key in result.metrics))
    unknown = [key for key in wanted or () if key not in known]
    if unknown:
        raise ValueError(f'no model has the metrics {unknown}; there are {known}')
    if wanted:
        return list(wanted)
    told = {key for key in known if any(math.isfinite(result.metrics.get(key, math.nan)) for result in results)}
    return [key for key in METRICS if key in told] or known


def clip_score(results: Sequence[SetResult]) -> str:
    """Column of :data:`CLIP_SCORES` by which clips are ranked.

    Raises:
        ValueError: There is no J that all models have.
    """
    for column in ('J', 'J_foreground'):
        if column in shared_scores(results):
            return column
    raise ValueError(
        'the models have no J of single clips in common; their test_evaluator needs a BinaryAVSMetric, or a '
        'SemanticAVSMetric for several classes'
    )


def shared_scores(results: Sequence[SetResult]) -> list[str]:
    """Columns of :data:`CLIP_SCORES` that all results have."""
    values = [result.scores.values for result in results]
    columns = [name for name, (key, _) in CLIP_SCORES.items() if all(key in v for v in values)]
    return [
        name for name in columns if CLIP_SCORES[name][1] is _every_clip or all('avs/num_frames' in v for v in values)
    ]


def set_rows(
    test_set: str, results: Sequence[SetResult], subsets: Sequence[str], column: str, reference: int
) -> list[SetRow]:
    """Score a test set and, where there are several, its subsets.

    Args:
        test_set: Name of the set.
        results: Results of the models, clips in one order.
        subsets: Subset of each clip.
        column: Key of :data:`CLIP_SCORES`.
        reference: Index of the model the others are compared with.

    Returns:
        No row where no frame counts (no empty frame for ``FP_rate_empty``, say).

    Raises:
        ValueError: A score that counts is not finite.
    """
    key, weights_of = CLIP_SCORES[column]
    weights = weights_of(results[0].scores.values)
    scores = [result.scores.values[key] for result in results]
    names = list(dict.fromkeys(subsets))
    parts = [(test_set, np.ones(len(weights), bool))]
    if len(names) > 1:
        parts += [(f'{test_set} / {name}', np.array([subset == name for subset in subsets])) for name in names]
    rows = []
    for label, inside in parts:
        counted = np.where(inside, weights, 0.0)
        if not counted.any():
            continue
        zero = np.zeros(len(counted))
        means = tuple(paired_bootstrap(own, zero, NUM_SAMPLES, weights=counted) for own in scores)
        differences = tuple(
            None if i == reference else paired_bootstrap(own, scores[reference], NUM_SAMPLES, weights=counted)
            for i, own in enumerate(scores)
        )
        rows.append(SetRow(label, means[0].num_clips, means, differences))
    return rows
