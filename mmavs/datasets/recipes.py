"""Who sounds when: tags from the recipe file of a generated data set, or from the class names of a csv row."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np


def read_recipes(path: str | os.PathLike) -> tuple[tuple[str, ...], dict[str, dict[str, Any]]]:
    """Read the recipe file that the AVStamps generator writes beside a csv.

    Args:
        path: JSON file ``{"classes": [...], "clips": {id: {"sounding": [[names] per second], ...}}}``.

    Returns:
        Class names (the columns of the tags) and the clips by id.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no JSON, lacks one of the two keys, or holds something else than names per second.
    """
    path = os.fspath(path)
    try:
        with open(path, encoding='utf-8') as file:
            recipes = json.load(file)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'recipes_file {path!r} does not exist; tools/dataset_converters/build_avstamps.py writes it beside the csv, '
            'pass recipes_file=None for a data set without one'
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f'recipes_file {path!r} is not valid JSON ({error}); build the data set again') from error
    if not isinstance(recipes, dict) or not {'classes', 'clips'} <= set(recipes):
        raise ValueError(f'recipes_file {path!r} must hold the keys "classes" and "clips"; build the data set again')
    classes, clips = recipes['classes'], recipes['clips']
    if not _is_names(classes) or not isinstance(clips, dict):
        raise ValueError(
            f'recipes_file {path!r}: "classes" must be a list of names and "clips" map ids; build the data set again'
        )
    for clip_id, clip in clips.items():
        sounding = clip.get('sounding') if isinstance(clip, dict) else None
        if not isinstance(sounding, list) or not all(_is_names(names) for names in sounding):
            raise ValueError(
                f'recipes_file {path!r}, clip {clip_id!r}: no entry "sounding" with a list of names per second; build the data '
                'set again'
            )
    return tuple(classes), clips


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def tags_of(sounding: Sequence[Sequence[str]], columns: dict[str, int], where: str) -> np.ndarray:
    """Turn names per second into rows of zeros and ones.

    Args:
        sounding: Names of the classes that sound, for each second.
        columns: Column of each class name.
        where: File and clip, for the error.

    Returns:
        ``(seconds, len(columns))`` float32.

    Raises:
        ValueError: A name that is no class.
    """
    tags = np.zeros((len(sounding), len(columns)), np.float32)
    for second, names in enumerate(sounding):
        for name in names:
            if name not in columns:
                raise ValueError(f'{where}: unknown class {name!r}, known are {sorted(columns)}')
            tags[second, columns[name]] = 1
    return tags
