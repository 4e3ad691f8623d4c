"""Tables of a study: means over seeds, and differences to a reference with their uncertainty."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .bootstrap import paired_bootstrap
from .clip_scores import ClipScores
from .study import Study

Weights = Callable[[dict[str, np.ndarray]], np.ndarray]


def _frames(values: dict[str, np.ndarray]) -> np.ndarray:
    return values['avs/num_frames']


def _empty(values: dict[str, np.ndarray]) -> np.ndarray:
    return values['avs/num_empty_frames']


def _with_object(values: dict[str, np.ndarray]) -> np.ndarray:
    return _frames(values) - _empty(values)


SCORES: dict[str, tuple[str, Weights]] = {
    'J': ('avs/J_frame', _frames),
    'F': ('avs/F_common', _with_object),
    'J_nonempty': ('avs/J_nonempty', _with_object),
    'FP_rate_empty': ('avs/FP_rate_empty', _empty),
}
"""Column, key of the clip scores, and which frames of a clip count."""

NOTES = (
    'J: mean IoU per frame; F: best F-measure of the set over thresholds; J_nonempty: J over frames with an object; '
    'FP_rate_empty: share of empty frames with a mask. Scores are means over seeds, in brackets those of the single seeds. '
    'Differences to the reference: seed mean, 95 % interval of the paired bootstrap over clips (which does not hold the chance '
    'of training), and in brackets the single seeds.'
)

Scores = dict[tuple[str, int, str], ClipScores]


def study_rows(study: Study, scores: Scores) -> list[dict[str, Any]]:
    """Scores of every entry, seed and condition.

    Args:
        study: The study.
        scores: ``{(entry, seed, condition): scores}``; what is missing is left out.
    """
    rows = []
    for (name, seed, condition), clips in scores.items():
        row: dict[str, Any] = dict(method=name, seed=seed, condition=condition, num_clips=len(clips.clip_ids))
        for column, (key, weights_of) in SCORES.items():
            row[column] = _mean(clips.values[key], weights_of(clips.values))
        rows.append(row)
    order = {entry.name: i for i, entry in enumerate(study.entries)}
    return sorted(rows, key=lambda row: (order[row['method']], row['seed']))


def study_comparisons(study: Study, scores: Scores) -> list[dict[str, Any]]:
    """Differences of every entry to its reference, on the seeds and conditions that both have.

    Raises:
        ValueError: The two were tested on different clips.
    """
    results = []
    for entry in study.entries:
        reference = study.reference_of(entry)
        if reference is None:
            continue
        for condition in dict.fromkeys(key[2] for key in scores if key[0] == entry.name):
            seeds = [s for s in study.seeds if all((n, s, condition) in scores for n in (entry.name, reference))]
            if not seeds:
                continue
            own, other = ([scores[name, seed, condition] for seed in seeds] for name in (entry.name, reference))
            first = own[0]
            if any(clips.clip_ids.tolist() != first.clip_ids.tolist() for clips in own + other):
                raise ValueError(f'{entry.name} and {reference} were tested on different clips of {condition!r}')
            for column, (key, weights_of) in SCORES.items():
                weights = weights_of(first.values)
                if not weights.any():
                    continue
                a, b = (np.stack([clips.values[key] for clips in group]) for group in (own, other))
                found = paired_bootstrap(a, b, weights=weights)
                results.append(
                    dict(
                        method=entry.name,
                        reference=reference,
                        condition=condition,
                        score=column,
                        seeds=seeds,
                        difference=found.difference,
                        low=found.low,
                        high=found.high,
                        per_seed=list(found.per_seed),
                        num_clips=found.num_clips,
                    )
                )
    return results


def study_markdown(rows: list[dict[str, Any]], comparisons: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Render a study as Markdown.

    Args:
        rows: From :func:`study_rows`.
        comparisons: From :func:`study_comparisons`.
        facts: What was run, when and where; one line each.
    """
    lines = ['# Study', '', *(f'- {key}: {value}' for key, value in facts.items()), '', NOTES]
    found = {(c['method'], c['condition'], c['score']): c for c in comparisons}
    for condition in dict.fromkeys(row['condition'] for row in rows):
        here = [row for row in rows if row['condition'] == condition]
        shown = [column for column in SCORES if any(not math.isnan(row[column]) for row in here)]
        header = ['method', 'seeds', *shown, *(f'{column} difference' for column in ('J', 'F'))]
        lines += ['', f'## {condition} ({here[0]["num_clips"]} clips)', '', _line(header)]
        lines.append(_line(['---', *['---:'] * (len(header) - 1)]))
        for method in dict.fromkeys(row['method'] for row in here):
            own = [row for row in here if row['method'] == method]
            cells = [method, str(len(own)), *(_seeds([row[column] for row in own]) for column in shown)]
            cells += [_difference(found.get((method, condition, column))) for column in ('J', 'F')]
            lines.append(_line(cells))
    return '\n'.join(lines) + '\n'


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    counted = weights > 0
    return float(np.average(values[counted], weights=weights[counted])) if counted.any() else math.nan


def _line(cells: list[str]) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def _seeds(values: list[float]) -> str:
    if all(math.isnan(value) for value in values):
        return '–'
    mean = f'{np.mean(values):.3f}'
    return mean if len(values) == 1 else f'{mean} ({" ".join(f"{value:.3f}" for value in values)})'


def _difference(found: dict[str, Any] | None) -> str:
    if found is None:
        return '–'
    seeds = ' '.join(f'{value:+.3f}' for value in found['per_seed'])
    return f'{found["difference"]:+.3f} [{found["low"]:+.3f}, {found["high"]:+.3f}] ({seeds})'
