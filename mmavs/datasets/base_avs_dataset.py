"""What the layouts of all AVS data sets have in common: a csv of clips, files by rule, flags per frame, tags per second."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, Compose

from mmavs.registry import TRANSFORMS

from .recipes import read_recipes, tags_of
from .shuffled_audio import disjoint_donors

SPLITS = ('train', 'val', 'test')
WHERE_DATA_COMES_FROM = (
    'AVSBench is given out by its authors on request: fill in the form on the AVSBench project page (OpenNLPLab/AVSBench '
    'on GitHub) and unpack it there. To go on without it, build AVStamps, which has the same layout, with '
    '"python tools/dataset_converters/build_avstamps.py --out DIR" and set data_root to its folder'
)


class BaseAVSDataset(BaseDataset):
    """Clips of one split, read through a pipeline.

    Nothing but the csv (and the recipes) is read at the start, so that a large data set opens at once; a damaged file is
    found when its clip is read, and stops there with an error that names clip and file.

    Args:
        data_root: The folder with the csv.
        split: ``'train'``, ``'val'`` or ``'test'``.
        pipeline: Transform configs or callables.
        audio: ``'wav'``, or ``'log_mel'`` for the pickled log-mels that come with the data set (``LoadLogMelPickle``).
        recipes_file: JSON written by the AVStamps generator, relative to ``data_root`` or absolute; gives the sounding
            classes of every second.
        audio_from: ``None``, or ``'disjoint'``: every clip gets the audio of another clip of the split in which other
            classes sound, always the same one (the shuffled-audio control).
        audio_seed: Seed of that choice.
        max_clips: Keep that many clips, evenly spaced over the split.
        metainfo: See mmengine's ``BaseDataset``.
        lazy_init: See mmengine's ``BaseDataset``.

    Sample before the pipeline:
        ``clip_id``, ``split``, ``subset``, ``num_frames``, ``frame_paths``, ``mask_paths`` (``None`` where the layout has
        no file), ``audio_path``, ``audio_clip_id`` (differs from ``clip_id`` under ``audio_from``), ``frame_annotated`` and
        ``frame_labelled`` (bool per frame, see :class:`mmavs.structures.AVSDataSample`), ``classes``, and where it is known
        who sounds: ``tags`` ``(T, num_tags)`` float32, ``tag_classes``, ``sounding`` (names per second), from recipes also
        ``present`` (classes in the scene) and ``held_out``. Under ``audio_from`` the tags still describe the picture.

    Raises:
        FileNotFoundError: ``data_root``, its csv or the recipes are missing.
        ValueError: An unknown split or option, a csv that lacks columns, an id that leaves the data folder, a split without
            clips, or a clip that the recipes do not know.
    """

    csv_name: str
    audio_keys: tuple[str, ...] = ('audio_path',)  # what another clip's audio replaces, see audio_from
    own_folders = True  # the frames of a clip lie in a folder of their own, where nothing else is expected
    mask_mode: str  # how LoadClipMasks reads the masks where nothing else is asked for

    def __init__(
        self,
        data_root: str | os.PathLike,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        *,
        audio: str = 'wav',
        recipes_file: str | None = None,
        audio_from: str | None = None,
        audio_seed: int = 0,
        max_clips: int | None = None,
        metainfo: dict | None = None,
        lazy_init: bool = False,
    ) -> None:
        _check_option('split', split, SPLITS)
        _check_option('audio', audio, ('wav', 'log_mel'))
        _check_option('audio_from', audio_from, (None, 'disjoint'))
        if max_clips is not None and max_clips < 1:
            raise ValueError(f'max_clips must be positive or None, got {max_clips}')
        self.split = split
        self.audio = audio
        self.recipes_file = recipes_file
        self.audio_from = audio_from
        self.audio_seed = audio_seed
        self.max_clips = max_clips
        super().__init__(
            data_root=os.fspath(data_root),
            metainfo=metainfo,
            pipeline=[],
            test_mode=split != 'train',
            lazy_init=lazy_init,
        )
        # Built here and not by the parent, which would need the default scope to be set.
        self.pipeline = Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline])

    @abstractmethod
    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the sample of every clip of the split, in the order of the csv, without touching the clips' files."""

    def csv_path(self) -> str:
        """Path of the csv; a missing one is an error that says where data comes from."""
        path = os.path.join(self.data_root, self.csv_name)
        if not os.path.isfile(path):
            missing = f'the file {path!r}' if os.path.isdir(self.data_root) else f'the folder {self.data_root!r}'
            raise FileNotFoundError(
                f'{type(self).__name__} needs {missing}, which does not exist. {WHERE_DATA_COMES_FROM}.'
            )
        return path

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the csv and attach tags, audio exchange and size limit."""
        clips = list(self.read_clips())
        if not clips:
            raise ValueError(
                f'{self.csv_path()!r} has no clip of the split {self.split!r}; check the csv and the split'
            )
        for clip in clips:
            refuse_unsafe_id(clip['clip_id'], self.csv_path())
        if self.recipes_file is not None:
            self._attach_recipes(clips)
        if self.audio_from is not None:
            self._exchange_audio(clips)
        if self.max_clips is not None and self.max_clips < len(clips):
            clips = [clips[i] for i in np.linspace(0, len(clips) - 1, self.max_clips).round().astype(int)]
        return clips

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Sample of one clip before the pipeline, see the class."""
        clip = super().get_data_info(idx)
        clip['classes'] = self._metainfo['classes']
        clip['mask_mode'] = self.mask_mode
        if 'tags' in clip:
            clip['tag_classes'] = self._metainfo['tag_classes']
        return clip

    def prepare_data(self, idx: int) -> dict[str, Any]:
        """Run the pipeline on one clip; every error names the clip."""
        clip = self.get_data_info(idx)
        clip_id = clip['clip_id']
        try:
            data = self.pipeline(clip)
        except FileNotFoundError as error:
            raise FileNotFoundError(self._describe(clip_id, error)) from error
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise ValueError(self._describe(clip_id, error)) from error
        if data is None:
            # mmengine would draw another clip instead, and the damage would never be seen
            raise ValueError(self._describe(clip_id, 'a transform of the pipeline has returned None'))
        return data

    def _describe(self, clip_id: str, error: Exception | str) -> str:
        text = f'missing key {error}' if isinstance(error, KeyError) else str(error)
        return (
            f'clip {clip_id!r} ({type(self).__name__}, split {self.split!r}): {text}. '
            'tools/dataset_converters/check_dataset.py lists all damaged files of a config.'
        )

    def _attach_recipes(self, clips: list[dict[str, Any]]) -> None:
        path = os.path.join(self.data_root, self.recipes_file)
        classes, recipes = read_recipes(path)
        columns = {name: column for column, name in enumerate(classes)}
        for clip in clips:
            where = f'{path!r}, clip {clip["clip_id"]!r}'
            recipe = recipes.get(clip['clip_id'])
            if recipe is None or 'sounding' not in recipe:
                raise ValueError(f'{where}: no entry "sounding" for it, but the csv lists it; build the data set again')
            sounding = recipe['sounding']
            if len(sounding) != clip['num_frames']:
                raise ValueError(
                    f'{where}: "sounding" has {len(sounding)} seconds, the clip has {clip["num_frames"]} frames; set '
                    'num_frames of the data set to that of the generated set'
                )
            clip.update(tags=tags_of(sounding, columns, where), sounding=sounding)
            clip.update({key: recipe[key] for key in ('present', 'held_out') if key in recipe})
        self._metainfo['tag_classes'] = classes

    def _exchange_audio(self, clips: list[dict[str, Any]]) -> None:
        if any('tags' not in clip for clip in clips):
            raise ValueError(
                "audio_from='disjoint' needs to know which classes sound in each clip; pass recipes_file (AVStamps writes "
                f'recipes.json beside {self.csv_name})'
            )
        sounding = np.stack([clip['tags'].any(0) for clip in clips])
        lengths = np.array([clip['num_frames'] for clip in clips])
        try:
            donors = disjoint_donors(sounding, lengths, self.audio_seed)
        except ValueError as error:
            reason, index = error.args
            raise ValueError(f"audio_from='disjoint', clip {clips[index]['clip_id']!r}: {reason}") from error
        given = [{key: clips[donor][key] for key in self.audio_keys} for donor in donors]
        for clip, donor, audio in zip(clips, donors, given, strict=True):
            clip.update(audio, audio_clip_id=clips[donor]['clip_id'])


def refuse_unsafe_id(name: str, source: str) -> None:
    """Refuse a csv entry that would lead out of the data folder when it becomes a part of a path.

    Raises:
        ValueError: An empty name, ``.`` or ``..``, a separator or a NUL byte in it.
    """
    if name in ('', '.', '..') or any(c in name for c in '/\\\0') or os.path.isabs(name) or os.path.splitdrive(name)[0]:
        raise ValueError(
            f'{source!r}: {name!r} is not a valid clip id or folder name: it must be one name inside the data folder, without '
            'separators; mend the csv'
        )


def _check_option(name: str, value: object, allowed: tuple) -> None:
    if value not in allowed:
        raise ValueError(f'{name} must be one of {allowed}, got {value!r}')
