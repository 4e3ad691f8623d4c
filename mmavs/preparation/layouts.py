"""Which files a data set consists of, and where older downloads have them; the layouts themselves are the data set classes'."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset
from mmavs.datasets.base_avs_dataset import SPLITS


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a clip.

    Attributes:
        kind: ``'frames'``, ``'masks'``, ``'index masks'``, ``'wav'`` or ``'log_mel'``.
        path: Where the data set classes read it, relative to the output folder.
        tails: Ends of its path in downloads, the preferred one first.
    """

    kind: str
    path: str
    tails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClipFiles:
    """The files of a clip.

    Attributes:
        key: Identifies the clip in its csv, see :attr:`Layout.row_key`.
        subset: ``'s4'``, ``'ms3'``, ``'v1s'``, ...
        split: ``'train'``, ``'val'`` or ``'test'``.
        num_frames: Frames of the clip.
        files: Its files.
    """

    key: str
    subset: str
    split: str
    num_frames: int
    files: tuple[DataFile, ...]

    def of(self, *kinds: str) -> list[DataFile]:
        """Files of these kinds."""
        return [file for file in self.files if file.kind in kinds]


@dataclass(frozen=True)
class Layout:
    """A data set as it is arranged below the output folder.

    Attributes:
        name: For messages and ``--sets``.
        folder: Its data root, relative to the output folder.
        csv: File with the clips, in ``folder``.
        optional: Further files in ``folder`` that are linked where the download has them.
        required: Kinds of files without which a clip is incomplete.
        lengths: Numbers of path components in the tails.
        clips: Reads the csv in the data root and yields the clips.
        row_key: Key of the clip of a csv row, given the row and the header.
        subsets: Subsets of the data set, as in the published sizes.
        single_suffixes: Ends of file names that are looked up without their folders as well.
        makes: Folders that the data set class wants to exist, relative to the output folder.
        short_audio: How the official code fills up audio that is too short for the clip.
        kinds: Kinds of files that a download may have.
    """

    name: str
    folder: str
    csv: str
    required: tuple[str, ...]
    lengths: tuple[int, ...]
    clips: Callable[[str], Iterator[ClipFiles]]
    row_key: Callable[[list[str], list[str]], str]
    subsets: tuple[str, ...]
    optional: tuple[str, ...] = ()
    single_suffixes: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    short_audio: str = 'repeat_last'
    kinds: tuple[str, ...] = ('frames', 'masks', 'wav', 'log_mel')


def _relative(out: str, path: str) -> str:
    return os.path.relpath(path, out).replace(os.sep, '/')


def _object_clips(
    kind: type, below: str, tails: Callable[[str, dict[str, Any]], tuple[str, ...]], out: str
) -> Iterator:
    """Clips of S4 or MS3; ``tails`` says where downloads have the file with a path below ``*_data``."""
    for split in SPLITS:
        readers = (kind(os.path.join(out, below), split, audio=audio, lazy_init=True) for audio in ('wav', 'log_mel'))
        for clip, pickled in zip(*(reader.read_clips() for reader in readers), strict=True):
            paths = dict(frames=clip['frame_paths'], masks=clip['mask_paths'])
            paths.update(wav=[clip['audio_path']], log_mel=[pickled['audio_path']])
            files = []
            for name, found in paths.items():
                for path in found:
                    if path is not None:
                        short = _relative(out, path).split('/', 2)[2]
                        files.append(DataFile(name, _relative(out, path), tails(short, clip)))
            key = '/'.join(filter(None, (split, clip.get('category'), clip['clip_id'])))
            yield ClipFiles(key, clip['subset'], split, clip['num_frames'], tuple(files))


def _s4_tails(short: str, clip: dict[str, Any]) -> tuple[str, ...]:
    # some copies have all splits in one folder
    folder, _, rest = short.split('/', 2)
    return short, f'{folder}/{rest}'


def _ms3_tails(short: str, clip: dict[str, Any]) -> tuple[str, ...]:
    # the published frames alone have no split folder and the name of the video file; copies often "repair" that
    split = clip['split']
    folder, rest = short.split('/', 1)
    rest = rest.removeprefix(f'{split}/')
    plain = rest.replace('.mp4_', '_')
    spellings = (f'{folder}/{rest}', f'{folder}/{split}/{rest}', f'{folder}/{plain}', f'{folder}/{split}/{plain}')
    return tuple(dict.fromkeys((short, *spellings)))


def _s4_clips(out: str) -> Iterator[ClipFiles]:
    return _object_clips(AVSBenchS4Dataset, 'Single-source', _s4_tails, out)


def _ms3_clips(out: str) -> Iterator[ClipFiles]:
    return _object_clips(AVSBenchMS3Dataset, 'Multi-sources', _ms3_tails, out)


def _avss_clips(out: str) -> Iterator[ClipFiles]:
    root = os.path.join(out, 'AVSBench-semantic')
    for split in SPLITS:
        for clip in AVSSDataset(root, split, lazy_init=True).read_clips():
            wav = clip['audio_path']
            paths = {
                'frames': clip['frame_paths'],
                'masks': clip['mask_paths'],
                'index masks': clip['index_mask_paths'],
            }
            paths.update(wav=[wav], log_mel=[os.path.splitext(wav)[0] + '.pkl'])
            files = []
            for kind, found in paths.items():
                for path in filter(None, found):
                    full = _relative(root, path)
                    uid = full.split('/', 1)[1]  # copies without subset folders: no uid is in two subsets
                    files.append(DataFile(kind, _relative(out, path), (full, uid)))
            yield ClipFiles(clip['clip_id'], clip['subset'], split, clip['num_frames'], tuple(files))


S4 = Layout(
    name='s4',
    folder='Single-source',
    csv='s4_meta_data.csv',
    required=('frames', 'masks', 'wav'),
    lengths=(3, 4, 5),
    clips=_s4_clips,
    subsets=('s4',),
    row_key=lambda row, header: f'{row[3]}/{row[2]}/{row[0]}',
)
MS3 = Layout(
    name='ms3',
    folder='Multi-sources',
    csv='ms3_meta_data.csv',
    required=('frames', 'masks', 'wav'),
    lengths=(2, 3, 4),
    clips=_ms3_clips,
    subsets=('ms3',),
    row_key=lambda row, header: f'{row[1]}/{row[0]}',
)
AVSS = Layout(
    name='avss',
    folder='AVSBench-semantic',
    csv='metadata.csv',
    optional=('label2idx.json',),
    required=('frames', 'masks', 'index masks', 'wav'),
    lengths=(2, 3, 4),
    clips=_avss_clips,
    subsets=('v1s', 'v1m', 'v2'),
    row_key=lambda row, header: row[header.index('uid')],
    short_audio='zeros',
    kinds=('frames', 'masks', 'index masks', 'wav', 'log_mel'),
)
