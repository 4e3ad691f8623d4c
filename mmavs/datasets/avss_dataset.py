"""AVSBench-semantic (AVSS): v1s, v1m and v2, 71 classes, clips of 5 and 10 frames."""

import csv
import json
import os
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from mmavs.registry import DATASETS

from .base_avs_dataset import SPLITS, BaseAVSDataset, refuse_unsafe_id
from .classes import AVSS_CLASSES, voc_palette
from .recipes import tags_of

NUM_FRAMES = {'v1s': 5, 'v1m': 5, 'v2': 10}
_COLUMNS = ('uid', 'a_obj', 'split', 'label')
# Irregular tokens of the published metadata.csv: a stray blank, and two that name no object in the picture.
_SPELLING = {'h orse': 'horse'}
_NO_OBJECT = ('off-the-screen', 'background')


def split_names(text: str, known: Container[str]) -> list[str]:
    """Split the class names of ``a_obj``, which are joined by ``_``, although a name may have a ``_`` of its own.

    Args:
        text: For example ``'man_sea_lion'``.
        known: Names of the classes; the longest one that fits is taken. A part that fits none comes back as it is.

    Returns:
        The names, for example ``['man', 'sea_lion']``.
    """
    parts, names = text.split('_'), []
    while parts:
        length = next((n for n in range(len(parts), 0, -1) if '_'.join(parts[:n]) in known), 1)
        name = '_'.join(parts[:length])
        names.append(_SPELLING.get(name, name))
        parts = parts[length:]
    return names


@DATASETS.register_module()
class AVSSDataset(BaseAVSDataset):
    """AVSBench-semantic.

    ``data_root`` is the folder ``AVSBench-semantic``. Flags as published: the loss sees the first frame of a v1s clip only,
    in every split; a metric sees all frames, except in the training part of v1s, which has no other label. Each clip keeps
    its own length (5 or 10); padding is done when a batch is made. Tags say the names in ``a_obj`` for every second, so they
    are tags of the clip: the csv does not say when an object sounds (``recipes_file`` does).

    Args:
        data_root: The folder with ``metadata.csv``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        pipeline: Transform configs or callables.
        subsets: Which of ``'v1s'``, ``'v1m'``, ``'v2'``.
        classes_file: JSON of 1-based class indices by name, relative to ``data_root``. Default: ``label2idx.json`` of the
            data root where there is one, else the 71 published classes.
        **kwargs: See :class:`BaseAVSDataset`. With ``audio='log_mel'`` the ``audio.pkl`` beside ``audio.wav`` is used.

    Raises:
        ValueError: An unknown subset, a csv without the columns ``uid``, ``a_obj``, ``split``, ``label``, a name in
            ``a_obj`` that is no class, or a class file that does not count from 1.

    Source: AVSBench (OpenNLPLab), folder ``avss``.
    """

    METAINFO = dict(classes=AVSS_CLASSES, palette=voc_palette(len(AVSS_CLASSES)))
    csv_name = 'metadata.csv'
    mask_mode = 'palette'

    def __init__(
        self,
        data_root: str | os.PathLike,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        *,
        subsets: Sequence[str] = ('v1s', 'v1m', 'v2'),
        classes_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        unknown = [subset for subset in subsets if subset not in NUM_FRAMES]
        if unknown or not subsets or isinstance(subsets, str):
            raise ValueError(f'subsets must be a non-empty sequence out of {tuple(NUM_FRAMES)}, got {subsets!r}')
        self.subsets = tuple(subsets)
        self.classes_file = classes_file
        super().__init__(data_root, split, pipeline, **kwargs)

    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the samples; columns of the csv by name."""
        path = self.csv_path()
        classes = self._read_classes()
        self._metainfo.update(classes=classes, palette=voc_palette(len(classes)), tag_classes=classes)
        columns = {name: column for column, name in enumerate(classes)}
        with open(path, encoding='utf-8-sig', newline='') as file:
            reader = csv.DictReader(file)
            absent = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if absent:
                raise ValueError(f'{path!r} lacks the columns {absent}, found {reader.fieldnames}')
            for row in reader:
                where = f'{path!r}, line {reader.line_num}'
                for name, allowed in (('split', SPLITS), ('label', tuple(NUM_FRAMES))):
                    if row[name] not in allowed:
                        raise ValueError(f'{where}: {name} must be one of {allowed}, got {row[name]!r}')
                if row['split'] == self.split and row['label'] in self.subsets:
                    refuse_unsafe_id(row['uid'], path)
                    yield self._clip(row, columns, where)

    def _read_classes(self) -> tuple[str, ...]:
        name = self.classes_file
        if name is None:
            if not os.path.isfile(os.path.join(self.data_root, 'label2idx.json')):
                return AVSS_CLASSES
            name = 'label2idx.json'
        path = os.path.join(self.data_root, name)
        try:
            with open(path, encoding='utf-8') as file:
                numbers = json.load(file)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'classes_file {path!r} does not exist; leave it out for the published 71'
            ) from error
        except ValueError as error:
            raise ValueError(f'classes_file {path!r} is not valid JSON ({error})') from error
        # The published file counts from 1 although masks, palette and code count from 0.
        names = {number: name for name, number in numbers.items()} if isinstance(numbers, dict) else {}
        classes = tuple(names.get(number) for number in range(1, len(numbers) + 1))
        if None in classes or classes[:1] != ('background',):
            raise ValueError(f'classes_file {path!r} must map names to 1, 2, ... without a gap, with background 1')
        return classes

    def _clip(self, row: dict[str, str], columns: dict[str, int], where: str) -> dict[str, Any]:
        clip_id, subset = row['uid'], row['label']
        num_frames = NUM_FRAMES[subset]
        folder = os.path.join(self.data_root, subset, clip_id)
        only_first = [True] + [False] * (num_frames - 1)
        names = split_names(row['a_obj'], columns)
        sounding = [[name for name in names if name not in _NO_OBJECT]] * num_frames
        # in the training part of v1s only the first frame was labelled
        labelled = only_first if subset == 'v1s' and self.split == 'train' else [True] * num_frames
        return dict(
            clip_id=clip_id,
            audio_clip_id=clip_id,
            split=self.split,
            subset=subset,
            num_frames=num_frames,
            frame_paths=[os.path.join(folder, 'frames', f'{i}.jpg') for i in range(num_frames)],
            mask_paths=[
                os.path.join(folder, 'labels_rgb', f'{i}.png') if known else None for i, known in enumerate(labelled)
            ],
            index_mask_paths=[
                os.path.join(folder, 'labels_semantic', f'{i}.png') if known else None
                for i, known in enumerate(labelled)
            ],
            audio_path=os.path.join(folder, 'audio.wav' if self.audio == 'wav' else 'audio.pkl'),
            frame_annotated=only_first if subset == 'v1s' else [True] * num_frames,
            frame_labelled=labelled,
            sounding=sounding,
            tags=tags_of(sounding, columns, where),
        )
