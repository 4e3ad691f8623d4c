"""Whose sound each clip of a data set gets as off-screen sound (AVSBench-Robust)."""

import csv
import logging
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import print_log

from mmavs.registry import DATASETS

from .avss_dataset import split_names
from .shuffled_audio import offscreen_donors
from .sound_groups import GROUP_OF, SOUND_GROUPS, avoided_groups, groups_of

_METADATA = os.path.join('..', 'AVSBench-semantic', 'metadata.csv')


class Donor(NamedTuple):
    """Sound of another clip.

    Attributes:
        path: Its wav file; of a clip with several sources (VPO) that of the first.
        clip_id: Its clip.
        paths: The wav files of all its sources.
        positions: Where they are heard, 0 left to 1 right; empty where the data set does not know places.
    """

    path: str
    clip_id: str
    paths: tuple[str, ...]
    positions: tuple[float, ...] = ()


def clip_key(clip: Mapping[str, Any]) -> tuple[str, str]:
    """What a clip is found by within its split: S4 does not promise that an id occurs in one category only."""
    return clip['clip_id'], clip.get('category', '')


def offscreen_sounds(
    dataset: dict[str, Any], seed: int, groups: Mapping[str, str] | None = None, metadata_file: str | None = None
) -> dict[tuple[str, str], Donor]:
    """Choose for every clip another one of its split whose broad group (music, human, animal, device) differs.

    The pairings that the publication excludes are excluded (:mod:`mmavs.datasets.sound_groups`). A clip for which no other one
    is left gets a random one, if possible one without a class in common; how many these are is logged as a warning.

    Args:
        dataset: Config of the data set, without its pipeline. What sounds is read from its samples (``sounding``: S4, AVSS,
            sets with ``recipes_file``), else from ``metadata_file``.
        seed: Seed of the choice.
        groups: Groups of class names that the table does not have.
        metadata_file: ``metadata.csv`` of AVSBench-semantic, whose v1m rows name what sounds in MS3. Default: that of the
            folder ``AVSBench-semantic`` beside ``data_root``.

    Returns:
        The donor of each :func:`clip_key`.

    Raises:
        FileNotFoundError: What sounds is not known: there is neither ``sounding`` nor ``metadata_file``.
        ValueError: A class without a group; a clip that ``metadata_file`` lacks; or a clip without any other of its length.
    """
    source = DATASETS.build({**dataset, 'pipeline': []})
    source.full_init()
    clips = [source.get_data_info(index) for index in range(len(source))]
    if any('audio_path' not in clip for clip in clips):
        raise ValueError(f'{dataset["type"]} has clips without one audio file ("audio_path"), which cannot be donors')
    names = _names(clips, dataset, metadata_file)
    known = sorted(set().union(*names))
    sounding = np.array([[name in clip for name in known] for clip in names], bool).reshape(len(clips), -1)
    found = [groups_of(own, clip['subset'], groups) for own, clip in zip(names, clips, strict=True)]
    avoided = [avoided_groups(own, clip['subset']) for own, clip in zip(found, clips, strict=True)]
    # S4 draws a category, then a clip of it; the others draw a clip
    categories = [clip.get('category', clip['clip_id']) for clip in clips]
    try:
        donors, fallback = offscreen_donors(
            *(np.array([[group in row for group in SOUND_GROUPS] for row in rows]) for rows in (found, avoided)),
            sounding=sounding,
            kinds=np.unique(categories, return_inverse=True)[1],
            lengths=np.array([clip['num_frames'] for clip in clips]),
            seed=seed,
        )
    except ValueError as error:
        reason, index = error.args
        raise ValueError(f'off-screen sound for the clip {clips[index]["clip_id"]!r}: {reason}') from error
    if fallback.any():
        shared = int((sounding & sounding[donors]).any(1)[fallback].sum())
        print_log(
            f'off-screen sound: {int(fallback.sum())} of {len(clips)} clips have no clip of another group left and get that '
            f'of a random one ({shared} of them with a class in common)',
            logger='current',
            level=logging.WARNING,
        )
    given = [_donor(clips[donor]) for donor in donors]
    return {clip_key(clip): donor for clip, donor in zip(clips, given, strict=True)}


def _donor(clip: Mapping[str, Any]) -> Donor:
    path = clip['audio_path']
    return Donor(path, clip['clip_id'], tuple(clip.get('audio_paths', [path])), tuple(clip.get('audio_positions', ())))


def _names(clips: list[dict[str, Any]], dataset: dict[str, Any], metadata_file: str | None) -> list[set[str]]:
    """Names of what sounds at any time in each clip."""
    if metadata_file is None and all('sounding' in clip for clip in clips):
        return [{name for second in clip['sounding'] for name in second} for clip in clips]
    path = metadata_file or os.path.normpath(os.path.join(dataset['data_root'], _METADATA))
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'off-screen sound for {dataset["type"]} needs to know what sounds in each clip, and {path!r} does not exist; put '
            'metadata.csv of AVSBench-semantic there or name it with donors=dict(metadata_file=...); sets of AVStamps need '
            "recipes_file='recipes.json'"
        )
    with open(path, encoding='utf-8-sig', newline='') as file:
        reader = csv.DictReader(file)
        absent = sorted({'vid', 'a_obj', 'label'} - set(reader.fieldnames or ()))
        if absent:
            raise ValueError(f'{path!r} lacks the columns {absent}, found {reader.fieldnames}')
        objects = {row['vid']: set(split_names(row['a_obj'], GROUP_OF)) for row in reader if row['label'] == 'v1m'}
    missing = [clip['clip_id'] for clip in clips if clip['clip_id'] not in objects]
    if missing:
        raise ValueError(
            f'{path!r} has no v1m row with the vid {missing[0]!r} (and {len(missing) - 1} more) of {dataset["data_root"]!r}'
        )
    return [objects[clip['clip_id']] for clip in clips]
