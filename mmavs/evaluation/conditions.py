"""Test one model under several named conditions: other test sets, or the same clips with other audio.

A condition is a dict in the config's ``conditions``:
    - ``dataset``: keys merged into the test data set (another ``data_root``, ``audio_from='disjoint'``);
    - ``audio_transform``: a transform config put right behind ``LoadAudio``
      (``dict(type='ReplaceAudio', mode='silence')``);
    - ``negative_audio``: arguments of ``ReplaceAudio`` (``dict(mode='offscreen', construction='official')``), which is put where
      its construction works; for off-screen sound the data set is named as ``donors`` where nothing else is.

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

from mmavs.utils.dataset_config import clip_dataset

from .clip_scores import collect_clip_scores

AUDIO_LOADER = 'LoadAudio'
WAVEFORM_MAKERS = (AUDIO_LOADER, 'MixSources')
FRONT_ENDS = ('VGGishLogMel', 'LoadLogMelPickle')
# what a condition may change of the data set without changing its clips
AUDIO_KEYS = ('pipeline', 'audio', 'audio_from', 'audio_seed')


def condition_dataloader_cfg(cfg: Config, name: str) -> dict[str, Any]:
    """Return the test dataloader config of one condition.

    Args:
        cfg: A config with ``test_dataloader`` and ``conditions``.
        name: Key of ``cfg.conditions``.

    Raises:
        KeyError: The config has no condition of that name.
        ValueError: The condition has unknown keys, or wants to change the audio of a pipeline that loads none.
    """
    conditions = cfg.get('conditions', {})
    if name not in conditions:
        raise KeyError(f'condition {name!r} is not in the config; it has {sorted(conditions)}')
    condition = dict(conditions[name])
    dataloader = copy.deepcopy(cfg.test_dataloader.to_dict())
    dataset = innermost_dataset(dataloader)
    dataset.update(condition.pop('dataset', {}))
    transform = condition.pop('audio_transform', None)
    negative = condition.pop('negative_audio', None)
    if condition:
        raise ValueError(
            f'condition {name!r} has unknown keys {sorted(condition)}; known: dataset, audio_transform, negative_audio'
        )
    if transform is not None:
        _insert_behind(dataset['pipeline'], dict(transform), (AUDIO_LOADER,), name)
    if negative is not None:
        step = dict(negative, type='ReplaceAudio')
        if step.get('mode') == 'offscreen' and not {'donors', 'offscreen_dir'} & set(step):
            donors = {key: value for key, value in dataset.items() if key not in (*AUDIO_KEYS, 'max_clips')}
            step['donors'] = dict(dataset=donors)
        # what has a waveform passes the same front end as a positive
        waveform = () if step.get('construction') == 'official' else WAVEFORM_MAKERS
        _insert_behind(dataset['pipeline'], step, (*waveform, *FRONT_ENDS), name)
    return dataloader


def innermost_dataset(dataloader: dict[str, Any]) -> dict[str, Any]:
    """Config of the data set that has the pipeline, inside wrappers."""
    return clip_dataset(dataloader['dataset'])


def have_same_clips(cfg: Config, names: Iterable[str]) -> bool:
    """Whether conditions differ in their audio only, so that their metrics may be combined."""
    datasets = []
    for name in names:
        dataset = innermost_dataset(condition_dataloader_cfg(cfg, name))
        datasets.append({key: value for key, value in dataset.items() if key not in AUDIO_KEYS})
    return all(dataset == datasets[0] for dataset in datasets)


def _insert_behind(pipeline: list[dict[str, Any]], step: dict[str, Any], wanted: tuple[str, ...], name: str) -> None:
    """Put a step behind the first of the wanted types that the pipeline has."""
    types = [other['type'] for other in pipeline]
    found = next((kind for kind in wanted if kind in types), None)
    if found is None:
        raise ValueError(
            f'condition {name!r} replaces the audio, but the pipeline {types} has no {" or ".join(wanted)}'
        )
    pipeline.insert(types.index(found) + 1, step)


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
