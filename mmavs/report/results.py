"""Test results of several models, made where they are missing, and the proof that they can be compared."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from mmengine import Config
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.data import Dataset

from mmavs.apis import init_model
from mmavs.datasets.frozen_parts import config_digest
from mmavs.engine.runner import open_dataset
from mmavs.evaluation.clip_scores import ClipScores
from mmavs.evaluation.conditions import condition_dataloader_cfg, evaluate_condition
from mmavs.utils.dataset_config import clip_dataset

from .runs import SetResult, TrainedRun

COUNTS = ('avs/num_frames', 'avs/num_empty_frames')
SHOWN = 3  # clips named in a message


def dataset_config(cfg: Config, name: str, *, bare: bool = False) -> dict[str, Any]:
    """Return the config of the data set of a condition.

    Args:
        cfg: A config with conditions.
        name: The condition.
        bare: Leave out what is wrapped around it (cached features).
    """
    dataset = condition_dataloader_cfg(cfg, name)['dataset']
    return clip_dataset(dataset) if bare else dataset


def open_test_set(run: TrainedRun, test_set: str, *, bare: bool = False) -> Dataset:
    """Build the data set of a test set and read its index; see :func:`dataset_config`."""
    init_default_scope(run.cfg.get('default_scope', 'mmavs'))
    return open_dataset(dataset_config(*run.condition(test_set), bare=bare))


class ModelTester:
    """Gives test results of runs; tests a model where its work dir has none.

    Args:
        device: Torch device of the models.
    """

    def __init__(self, device: str = 'cpu') -> None:
        self.device = device
        self._models: dict[str, nn.Module] = {}
        self._truths: dict[str, dict[str, str]] = {}

    def model(self, run: TrainedRun) -> nn.Module:
        """Return the model of a run in eval mode."""
        if run.name not in self._models:
            self._models[run.name] = init_model(run.cfg, str(run.checkpoint), device=self.device)
        return self._models[run.name]

    def parameters(self, run: TrainedRun) -> dict[str, int]:
        """Count the parameters: ``trainable`` and ``all``."""
        counts = [(p.numel(), p.requires_grad) for p in self.model(run).parameters()]
        return dict(trainable=sum(n for n, trains in counts if trains), all=sum(n for n, _ in counts))

    def result(self, run: TrainedRun, test_set: str) -> SetResult:
        """Return the stored result of a test, or test now and store it."""
        found = run.stored(test_set)
        if found is not None:
            return found
        cfg, name = run.condition(test_set)
        print(f'{run.name}: testing {run.checkpoint.name} on {test_set}', flush=True)
        partial = run.folder / 'compare' / f'.{name}.unfinished.npz'
        metrics = evaluate_condition(self.model(run), cfg, name, clip_scores=partial)
        result = SetResult(ClipScores.load(partial), metrics, self.truth(run, test_set))
        run.store(test_set, result)
        partial.unlink()
        return result

    def truth(self, run: TrainedRun, test_set: str) -> dict[str, str]:
        """Digest the masks that a run is tested with; read once for runs with equal data set configs."""
        cfg, name = run.condition(test_set)
        key = config_digest(dataset=dataset_config(cfg, name, bare=True))
        if key not in self._truths:
            dataset = open_test_set(run, test_set)
            samples = (dataset[i]['data_samples'] for i in range(len(dataset)))
            self._truths[key] = {str(sample.get('clip_id')): _mask_digest(sample) for sample in samples}
        return self._truths[key]

    def results(self, runs: Sequence[TrainedRun], test_set: str) -> list[SetResult]:
        """Return the results of all runs on one test set, their clips in one order.

        Raises:
            ValueError: Two of the runs were tested on other clips or other ground truth.
        """
        results = [self.result(run, test_set) for run in runs]
        first = results[0]
        for run, result in zip(runs[1:], results[1:], strict=True):
            _check_clips(test_set, runs[0], first.scores, run, result.scores)
        results = [first, *(replace(result, scores=_ordered(result.scores, first.scores)) for result in results[1:])]
        configs = [config_digest(dataset=dataset_config(*run.condition(test_set), bare=True)) for run in runs]
        if len(set(configs)) > 1 or any(result.truth is not None for result in results):
            # a result without digests is taken to belong to the masks that lie there now
            truths = [
                self.truth(run, test_set) if result.truth is None else result.truth
                for run, result in zip(runs, results, strict=True)
            ]
            for run, truth in zip(runs[1:], truths[1:], strict=True):
                _check_truth(test_set, runs[0], truths[0], run, truth)
        return results


class LazyTestSet:
    """A test set that is opened when a clip of it is wanted.

    Args:
        run: The run whose config describes it.
        test_set: Its name.
    """

    def __init__(self, run: TrainedRun, test_set: str) -> None:
        self._run, self._test_set = run, test_set

    @cached_property
    def dataset(self) -> Dataset:
        """The data set without cached features, since pictures need the frames."""
        return open_test_set(self._run, self._test_set, bare=True)

    @cached_property
    def places(self) -> dict[str, int]:
        """Index by clip id."""
        return {str(self.dataset.get_data_info(i)['clip_id']): i for i in range(len(self.dataset))}

    def subsets(self, clip_ids: Sequence[str]) -> list[str]:
        """Return the subset of each clip; ``''`` where the data set knows none."""
        return [str(self.dataset.get_data_info(self.places[clip]).get('subset', '')) for clip in clip_ids]

    def clip(self, clip_id: str) -> dict[str, Any]:
        """Read one clip.

        Raises:
            ValueError: The test set has no such clip.
        """
        if clip_id not in self.places:
            raise ValueError(
                f'{self._run.label} has a score of clip {clip_id!r}, which the test set {self._test_set!r} does not hold: the '
                f'data have changed since the test; delete {self._run.folder / "compare"} and test again'
            )
        return self.dataset[self.places[clip_id]]


def _mask_digest(sample: Any) -> str:
    digest = hashlib.sha256()
    for name in ('gt_masks', 'frame_labelled'):
        array = sample.get(name).to(torch.uint8).numpy()
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _check_clips(test_set: str, a: TrainedRun, first: ClipScores, b: TrainedRun, second: ClipScores) -> None:
    ids = [set(scores.clip_ids.tolist()) for scores in (first, second)]
    if ids[0] != ids[1]:
        only = [f'{len(own - other)} {sorted(own - other)[:SHOWN]}' for own, other in (ids, ids[::-1])]
        raise ValueError(
            f'{a.label} and {b.label} were tested on different clips of {test_set!r}: {only[0]} only in the first, {only[1]} '
            'only in the second; they cannot be compared'
        )
    second = _ordered(second, first)
    for key in COUNTS:
        if key in first.values and key in second.values:
            differs = first.values[key] != second.values[key]
            if differs.any():
                _refuse_truth(test_set, a, b, first.clip_ids[differs].tolist(), f' ({key} differs)')


def _check_truth(test_set: str, a: TrainedRun, first: dict[str, str], b: TrainedRun, second: dict[str, str]) -> None:
    differs = [clip for clip in first if first[clip] != second.get(clip)]
    if differs:
        _refuse_truth(test_set, a, b, differs, ' (the masks differ, perhaps in size only)')


def _refuse_truth(test_set: str, a: TrainedRun, b: TrainedRun, clips: list[str], why: str) -> None:
    raise ValueError(
        f'{a.label} and {b.label} were tested with different ground truth in {len(clips)} clips of {test_set!r}, such as '
        f'{clips[:SHOWN]}{why}; they cannot be compared: test both with the same data and the same test pipeline'
    )


def _ordered(scores: ClipScores, like: ClipScores) -> ClipScores:
    """Bring the clips into the order of ``like``, which has the same ones."""
    places = {clip: i for i, clip in enumerate(scores.clip_ids.tolist())}
    order = np.array([places[clip] for clip in like.clip_ids.tolist()], np.int64)
    return ClipScores(scores.clip_ids[order], {key: values[order] for key, values in scores.values.items()})
