"""The conditions of AVSBench-Robust for any config, and what combines them.

A model is tested with the right audio, silence, noise and off-screen sound, always against the original masks; the G scores
put the four together (``mmavs.evaluation.functional.g_scores``).
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from mmengine import Config

from mmavs.datasets.transforms.negative_audio import CONSTRUCTIONS, MODES

from .conditions import have_same_clips
from .functional import g_scores

MATCHED = 'matched'
G_PREFIX = 'G_'
J_KEY, F_KEY, FPR_KEY = 'avs/mIoU_original', 'avs/F_max_exact', 'avs/FPR_area'
# the column of a table in which a G score stands: that of what it combines
G_COLUMNS = {'avs/J_frame': 'avs/G_mIoU', J_KEY: 'avs/G_mIoU', F_KEY: 'avs/G_F', FPR_KEY: 'avs/G_FPR'}


def negative_name(mode: str, construction: str) -> str:
    """Name of a negative condition: ``'silence'``, and with the published log-mels ``'silence_official'``."""
    return mode if construction == CONSTRUCTIONS[0] else f'{mode}_{construction}'


def robust_conditions(
    constructions: Sequence[str] = CONSTRUCTIONS[:1], max_clips: int | None = None
) -> dict[str, dict[str, Any]]:
    """Return the conditions of AVSBench-Robust, for the key ``conditions`` of a config.

    Args:
        constructions: How negatives are made, see :class:`mmavs.datasets.transforms.ReplaceAudio`; one or both.
        max_clips: Test that many clips, the same ones in all conditions.
    """
    some = {} if max_clips is None else dict(dataset=dict(max_clips=max_clips))
    return {
        MATCHED: dict(some),
        **{
            negative_name(mode, construction): dict(some, negative_audio=dict(mode=mode, construction=construction))
            for construction in constructions
            for mode in MODES
        },
    }


def add_robust_metric(cfg: Config) -> None:
    """Add ``RobustAVSMetric`` to ``test_evaluator`` where it is missing: without it there is no predicted area."""
    evaluator = copy.deepcopy(cfg.test_evaluator)
    evaluator = list(evaluator) if isinstance(evaluator, list | tuple) else [evaluator]
    if all(metric['type'] != 'RobustAVSMetric' for metric in evaluator):
        # a model whose decision is no threshold at one half is judged by its own rule here too
        rules = [dict(score=metric['score']) for metric in evaluator if metric.get('score') is not None]
        evaluator.append(dict(type='RobustAVSMetric', **(rules[0] if rules else {})))
    cfg.test_evaluator = evaluator


def g_rows(
    cfg: Config, results: Mapping[str, Mapping[str, float]], mean: Literal['harmonic', 'geometric'] = 'harmonic'
) -> dict[str, dict[str, float]]:
    """Combine the conditions of one model.

    Args:
        cfg: The config with the conditions.
        results: Metrics of each condition.
        mean: See :func:`mmavs.evaluation.functional.g_mean`.

    Returns:
        One row per construction, named after mean and construction: ``avs/G_mIoU``, ``avs/G_FPR`` and, where F is measured,
        ``avs/G_F``. There is none where a condition is missing, the predicted area is not measured or the conditions have
        been tested on different clips.
    """
    rows = {}
    for construction in CONSTRUCTIONS:
        negatives = [negative_name(mode, construction) for mode in MODES]
        names = (MATCHED, *negatives)
        if any(FPR_KEY not in results.get(name, {}) for name in names) or not have_same_clips(cfg, names):
            continue
        f_key = F_KEY if F_KEY in results[MATCHED] else None
        keys = dict(j_key=J_KEY, f_key=f_key, fpr_key=FPR_KEY)
        scores = g_scores(results[MATCHED], [results[name] for name in negatives], mean, **keys)
        rows[G_PREFIX + negative_name(mean, construction)] = {f'avs/{key}': value for key, value in scores.items()}
    return rows


def shown_row(row: Mapping[str, float], columns: Iterable[str]) -> dict[str, float]:
    """Put G scores under the metrics they combine, for a table with the given columns."""
    return {key: row[G_COLUMNS[key]] for key in columns if G_COLUMNS.get(key) in row}
