"""Scores of single clips: what a metric gives on a set of one clip, kept for paired comparisons."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from .metrics.base_avs_metric import BaseAVSMetric

CLIP_IDS = 'clip_ids'
F_COMMON = 'F_common'


@dataclass
class ClipScores:
    """Scores of every clip of a test set, in the order of the data set.

    Attributes:
        clip_ids: ``(N,)`` names.
        values: ``{key: (N,) float64}``; NaN where a clip has nothing to average (no empty frame, say).
    """

    clip_ids: np.ndarray
    values: dict[str, np.ndarray]

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` file that appears complete or not at all."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f'.{path.name}.partial')
        with partial.open('wb') as file:
            np.savez_compressed(file, **{CLIP_IDS: self.clip_ids}, **self.values)
        os.replace(partial, path)

    @classmethod
    def load(cls, path: str | Path) -> 'ClipScores':
        """Read what ``save`` has written.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file holds no clip ids.
        """
        with np.load(path, allow_pickle=False) as archive:
            values = {key: archive[key] for key in archive.files}
        if CLIP_IDS not in values:
            raise ValueError(
                f'{path} holds no {CLIP_IDS!r}: it was not written by evaluate_conditions.py --clip-scores'
            )
        return cls(values.pop(CLIP_IDS), values)


def collect_clip_scores(metrics: Sequence[BaseMetric]) -> ClipScores:
    """Score the clips that metrics have seen, one by one; call it before ``evaluate``, which empties the metrics.

    A key means what it means for the whole set, with the clip as the set; its weighted mean over the clips, weighted by
    the frames it counts, is the value of the set. There is one addition, because the best threshold of a single clip says
    little: ``F_common`` is F at the one threshold that is best for the set, and its mean over the frames with an object is
    the set's ``F_max_exact``.

    Args:
        metrics: Metrics of one test loop; those that keep no entry per clip are left out.

    Raises:
        ValueError: No metric keeps entries, clips without or with equal ids, or metrics that have seen different clips.
    """
    ids: list[str] | None = None
    values: dict[str, np.ndarray] = {}
    for metric in metrics:
        if not isinstance(metric, BaseAVSMetric):
            continue
        results = sorted(metric.results, key=lambda result: result['clip_key'])
        own = [result['clip_key'][2] for result in results]
        if not all(own) or len(set(own)) < len(own):
            raise ValueError('scores of single clips need clips with ids that differ; keep "clip_id" in PackAVSInputs')
        if ids is not None and own != ids:
            raise ValueError(
                f'{type(metric).__name__} has seen other clips ({len(own)}) than the metrics before ({len(ids)})'
            )
        ids = own
        rows = [metric.combine([result]) for result in results]
        prefix = f'{metric.prefix}/' if metric.prefix else ''
        values.update({f'{prefix}{key}': np.array([row[key] for row in rows], np.float64) for key in rows[0]})
        if {'curve', 'has_object'} <= set(results[0]):
            values[prefix + F_COMMON] = _common_threshold(results)
    if ids is None:
        raise ValueError('test_evaluator has no metric of mmavs, and with it no scores of single clips')
    return ClipScores(np.array(ids), values)


def _common_threshold(results: Sequence[dict]) -> np.ndarray:
    """F of each clip at the best threshold of all; ``(N,)``, NaN for clips without an object."""
    curves = torch.stack([result['curve'] for result in results])
    counts = torch.stack([result['has_object'].sum() for result in results])
    return (curves[:, curves.sum(0).argmax()] / counts).numpy()
