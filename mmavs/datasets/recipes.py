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
        ValueError: The file is no JSON or lacks one of the two keys.
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
    except ValueError as error:
        raise ValueError(f'recipes_file {path!r} is not valid JSON ({error}); build the data set again') from error
    if not isinstance(recipes, dict) or not {'classes', 'clips'} <= set(recipes):
        raise ValueError(f'recipes_file {path!r} must hold the keys "classes" and "clips"; build the data set again')
    return tuple(recipes['classes']), recipes['clips']


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
