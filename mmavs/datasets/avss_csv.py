"""The csv of AVSBench-semantic: its rows, the names in them, and which clips come from one source video."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from .base_avs_dataset import SPLITS, refuse_unsafe_id
from .csv_rows import read_columns, refuse_doubled

NUM_FRAMES = {'v1s': 5, 'v1m': 5, 'v2': 10}
COLUMNS = ('uid', 'a_obj', 'split', 'label')
# Irregular tokens of the published metadata.csv: a stray blank, and two that name no object in the picture.
SPELLING = {'h orse': 'horse'}
NO_OBJECT = ('off-the-screen', 'background')
_TIMED = re.compile(r'(.+)_\d+_\d+')  # v1s and v2: source, start and end in ms
_NUMBERED = re.compile(r'(.{11})_\d+')  # v1m: a video id of 11 characters, sometimes with a running number


def read_metadata(path: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Read all rows, whatever their split and subset.

    Args:
        path: ``metadata.csv``; columns are found by name.

    Yields:
        Number of the line and the columns ``uid``, ``a_obj``, ``split`` and ``label``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No csv, columns that are missing, a row that is too short, an unknown split or label, a uid that is no
            safe name or that another row has as well; file and line are named.
    """
    seen = {}
    for line, row in read_columns(path, COLUMNS):
        where = f'{path!r}, line {line}'
        for name, allowed in (('split', SPLITS), ('label', tuple(NUM_FRAMES))):
            if row[name] not in allowed:
                raise ValueError(f'{where}: {name} must be one of {allowed}, got {row[name]!r}; mend the csv')
        refuse_unsafe_id(row['uid'], path)
        refuse_doubled(seen, (row['label'], row['uid']), path, line)
        yield line, row


def source_video(uid: str, label: str) -> str:
    """Name of the video a clip was cut from.

    Args:
        uid: ``{video}_{start ms}_{end ms}`` in v1s and v2; in v1m the video id, sometimes with ``_k``.
        label: ``'v1s'``, ``'v1m'`` or ``'v2'``.

    Returns:
        The video; the ``uid`` itself where it has another form.
    """
    match = (_NUMBERED if label == 'v1m' else _TIMED).fullmatch(uid)
    return match.group(1) if match else uid


def sources_by(rows: Iterable[dict[str, str]], column: str) -> dict[str, set[str]]:
    """For every source video, the values of ``column`` (``'split'`` or ``'label'``) that its clips have."""
    found = defaultdict(set)
    for row in rows:
        found[source_video(row['uid'], row['label'])].add(row[column])
    return dict(found)


def leaked_sources(rows: Iterable[dict[str, str]]) -> set[str]:
    """Source videos with clips in ``train`` and also in ``val`` or ``test``."""
    return {video for video, splits in sources_by(rows, 'split').items() if 'train' in splits and len(splits) > 1}


def raw_names(text: str, known: Container[str]) -> list[str]:
    """Split ``a_obj`` into names as they are written; see :func:`split_names`."""
    parts, names = text.split('_'), []
    while parts:
        length = next((n for n in range(len(parts), 0, -1) if '_'.join(parts[:n]) in known), 1)
        names.append('_'.join(parts[:length]))
        parts = parts[length:]
    return names


def split_names(text: str, known: Container[str]) -> list[str]:
    """Split the class names of ``a_obj``, which are joined by ``_``, although a name may have a ``_`` of its own.

    Args:
        text: For example ``'man_sea_lion'``.
        known: Names of the classes; the longest one that fits is taken. A part that fits none comes back as it is.

    Returns:
        The names, for example ``['man', 'sea_lion']``; the known misspelling of the published file is mended.
    """
    return [SPELLING.get(name, name) for name in raw_names(text, known)]
