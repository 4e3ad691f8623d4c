"""Test one model under several named conditions: other test sets, or the same clips with other audio.

A condition is a dict in the config's ``conditions``:
    - ``dataset``: keys merged into the test data set (another ``data_root``, ``audio_from='disjoint'``);
    - ``audio_transform``: a transform config put right behind ``LoadAudio``
      (``dict(type='ReplaceAudio', mode='silence')``).

The test data set is ``cfg.test_dataloader.dataset``, or what lies inside where that is a wrapper: with cached features
(``FrozenFeatureDataset``) every condition has a cache of its own.
"""

import copy
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from torch import nn

from .clip_scores import collect_clip_scores

AUDIO_LOADER = 'LoadAudio'


def condition_dataloader_cfg(cfg: Config, name: str) -> dict[str, Any]:
    """Return the test dataloader config of one condition.

    Args:
        cfg: A config with ``test_dataloader`` and ``conditions``.
        name: Key of ``cfg.conditions``.

    Raises:
        KeyError: The config has no condition of that name.
        ValueError: The condition has unknown keys, or wants to change the audio of a pipeline that loads no waveform.
    """
    conditions = cfg.get('conditions', {})
    if name not in conditions:
        raise KeyError(f'condition {name!r} is not in the config; it has {sorted(conditions)}')
    condition = dict(conditions[name])
    dataloader = copy.deepcopy(cfg.test_dataloader.to_dict())
    dataset = dataloader['dataset']
    while isinstance(dataset.get('dataset'), dict):
        dataset = dataset['dataset']
    dataset.update(condition.pop('dataset', {}))
    transform = condition.pop('audio_transform', None)
    if condition:
        raise ValueError(f'condition {name!r} has unknown keys {sorted(condition)}; known: dataset, audio_transform')
    if transform is not None:
        types = [step['type'] for step in dataset['pipeline']]
        if AUDIO_LOADER not in types:
            raise ValueError(f'condition {name!r} replaces the audio, but the pipeline {types} has no {AUDIO_LOADER}')
        dataset['pipeline'].insert(types.index(AUDIO_LOADER) + 1, dict(transform))
    return dataloader


def evaluate_condition(
    model: nn.Module, cfg: Config, name: str, clip_scores: str | Path | None = None
) -> dict[str, float]:
    """Run the test loop of one condition and return its metrics.

    Args:
        model: A segmentor in eval mode (``mmavs.apis.init_model``).
        cfg: A config with ``test_dataloader``, ``test_evaluator`` and ``conditions``.
        name: Key of ``cfg.conditions``.
        clip_scores: ``.npz`` file for the scores of the single clips (:class:`mmavs.evaluation.clip_scores.ClipScores`).
    """
    dataloader = Runner.build_dataloader(condition_dataloader_cfg(cfg, name), seed=0)
    evaluator = Evaluator(copy.deepcopy(cfg.test_evaluator))
    evaluator.dataset_meta = dataloader.dataset.metainfo
    with torch.no_grad():
        for batch in dataloader:
            evaluator.process(data_samples=model.test_step(batch), data_batch=batch)
    if clip_scores is not None:
        collect_clip_scores(evaluator.metrics).save(clip_scores)
    return evaluator.evaluate(len(dataloader.dataset))


def markdown_table(results: dict[str, dict[str, float]], keys: Iterable[str]) -> str:
    """Render ``{condition: metrics}`` as a Markdown table with the given metric keys as columns.

    A metric that a condition does not have, or that has nothing to average there, is shown as a dash.
    """
    keys = list(keys)
    header = ['condition', *(key.split('/')[-1] for key in keys)]
    rows = [
        [name, *('–' if math.isnan(metrics.get(key, math.nan)) else f'{metrics[key]:.3f}' for key in keys)]
        for name, metrics in results.items()
    ]
    lines = [header, ['---'] + ['---:'] * len(keys), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
