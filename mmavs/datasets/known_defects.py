"""Defects that the published data sets are known to have: reported by name, and no reason to refuse the data.

All of them are found in the files at hand; nothing is looked up in a list of clips.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from .avsbench_dataset import AVSBenchMS3Dataset, AVSBenchS4Dataset, read_positional_csv
from .avss_csv import NO_OBJECT, SPELLING, leaked_sources, raw_names, read_metadata, source_video, sources_by
from .avss_dataset import AVSSDataset
from .base_avs_dataset import BaseAVSDataset
from .vpo_dataset import VPODataset

SHARED_SUBSETS = 'one source video in v1s and v2'
SHARED_SPLITS = 'one source video in several splits'
LEAK = 'one source video in train and test'
CLIP_SPLITS = 'one clip in several splits'
LONG_AUDIO = 'audio longer than its clip'
TOKENS = 'irregular a_obj tokens'
COLOURS = 'unmatched colours in palette masks'
DOUBLED_ROWS = 'one source in several rows'
NO_PIXELS = 'sounding class without pixels'


@dataclass(frozen=True)
class KnownDefect:
    """One known defect of a data set.

    Attributes:
        name: One of the names of this module.
        count: How often: source videos, tokens, or sources.
        message: What it is, where, and what mmavs does about it.
        examples: A few of them.
    """

    name: str
    count: int
    message: str
    examples: tuple[str, ...]


def known_defects(dataset: BaseAVSDataset) -> list[KnownDefect]:
    """Find the known defects of a csv.

    The csv is read whole, whatever split (and in AVSS whatever subsets) the data set has. Unmatched colours, classes without
    pixels and long audio are no matter of the csv; they are found by :func:`mmavs.datasets.checks.check_clip`.

    Args:
        dataset: An :class:`AVSSDataset`; of S4 and MS3 it is only looked for clips in several splits, of VPO for sources in
            several rows; others have none.

    Returns:
        Those that are there. Counted in the published ``metadata.csv``: 56 videos in v1s and v2, 22 in several splits, 11 in
        train and test, 6 or more irregular tokens.

    Raises:
        ValueError: See :func:`mmavs.datasets.avss_csv.read_metadata`.
    """
    if isinstance(dataset, VPODataset):
        return [defect for subset in dataset.subsets for defect in _doubled_rows(dataset, subset)]
    if isinstance(dataset, AVSBenchS4Dataset):
        return _clips_in_several_splits(dataset.csv_path(), 4, 3, (2, 0))
    if isinstance(dataset, AVSBenchMS3Dataset):
        return _clips_in_several_splits(dataset.csv_path(), 2, 1, (0,))
    if not isinstance(dataset, AVSSDataset):
        return []
    path = dataset.csv_path()
    rows = [row for _, row in read_metadata(path)]
    labels, splits = sources_by(rows, 'label'), sources_by(rows, 'split')
    remedy = 'strict_split=True of AVSSDataset leaves such clips out of train'
    videos = {
        SHARED_SUBSETS: ({v for v, found in labels.items() if {'v1s', 'v2'} <= found}, 'the subsets overlap'),
        SHARED_SPLITS: ({v for v, found in splits.items() if len(found) > 1}, remedy),
        LEAK: ({v for v, found in splits.items() if {'train', 'test'} <= found}, remedy),
    }
    defects = [
        KnownDefect(name, len(found), f'{path!r}: {len(found)} source videos; {note}', tuple(sorted(found)[:5]))
        for name, (found, note) in videos.items()
        if found
    ]
    irregular = {*SPELLING, *NO_OBJECT}
    tokens = Counter(name for row in rows for name in raw_names(row['a_obj'], dataset.metainfo['classes']))
    tokens = {name: count for name, count in tokens.items() if name in irregular}
    if tokens:
        message = f'{path!r}: {tokens}; a misspelling is mended, a token that names no object gives no tag'
        defects.append(KnownDefect(TOKENS, sum(tokens.values()), message, tuple(tokens)))
    return defects


def _clips_in_several_splits(path: str, num_columns: int, split: int, keys: tuple[int, ...]) -> list[KnownDefect]:
    splits = defaultdict(set)
    for row in read_positional_csv(path, num_columns, split, (*keys, split)):
        splits['/'.join(row[key] for key in keys)].add(row[split])
    found = sorted(clip for clip, names in splits.items() if len(names) > 1)
    message = f'{path!r}: {len(found)} clips; scores on val and test are too good if train has them'
    return [KnownDefect(CLIP_SPLITS, len(found), message, tuple(found[:5]))] if found else []


def _doubled_rows(dataset: VPODataset, subset: str) -> list[KnownDefect]:
    keys = ('split', 'image', 'annotation', 'cateName', 'vgg_file')
    sources = Counter(tuple(row[key] for key in keys) for row in dataset.read_rows(subset))
    found = [f'picture {key[1]} with {key[-1]}' for key, count in sources.items() if count > 1]
    effect = (
        'such a picture is a clip of its own each time' if subset == 'ss' else 'each is heard that often, as published'
    )
    message = f'{dataset.csv_path(subset)!r}: {len(found)} sources; {effect}'
    return [KnownDefect(DOUBLED_ROWS, len(found), message, tuple(found[:5]))] if found else []


def leaked_clips(dataset: BaseAVSDataset) -> list[tuple[str, str]]:
    """Training clips of a data set whose source video has clips in ``val`` or ``test`` as well.

    Args:
        dataset: Anything but the training part of an :class:`AVSSDataset` has none.

    Returns:
        Clip and source video. Empty with ``strict_split=True``.
    """
    if not isinstance(dataset, AVSSDataset) or dataset.split != 'train':
        return []
    leaked = leaked_sources(row for _, row in read_metadata(dataset.csv_path()))
    clips = (dataset.get_data_info(i) for i in range(len(dataset)))
    pairs = ((clip['clip_id'], source_video(clip['clip_id'], clip['subset'])) for clip in clips)
    return [(clip_id, video) for clip_id, video in pairs if video in leaked]
