"""AVSBench-semantic (AVSS): v1s, v1m and v2, 71 classes, clips of 5 and 10 frames."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmavs.registry import DATASETS

from .avss_csv import NO_OBJECT, NUM_FRAMES, leaked_sources, read_metadata, source_video, split_names
from .base_avs_dataset import BaseAVSDataset
from .classes import AVSS_CLASSES, voc_palette
from .recipes import tags_of


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
        strict_split: Leave those clips out of ``train`` whose source video has clips in ``val`` or ``test`` as well, of any
            subset. ``val`` and ``test`` stay as published, so that scores can be compared; the option has no effect there.
        **kwargs: See :class:`BaseAVSDataset`. With ``audio='log_mel'`` the ``audio.pkl`` beside ``audio.wav`` is used.

    Raises:
        ValueError: An unknown subset, a damaged csv (see :func:`mmavs.datasets.avss_csv.read_metadata`), a name in ``a_obj``
            that is no class, or a class file that does not count from 1.

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
        strict_split: bool = False,
        **kwargs: Any,
    ) -> None:
        unknown = [subset for subset in subsets if subset not in NUM_FRAMES]
        if unknown or not subsets or isinstance(subsets, str):
            raise ValueError(f'subsets must be a non-empty sequence out of {tuple(NUM_FRAMES)}, got {subsets!r}')
        self.subsets = tuple(subsets)
        self.classes_file = classes_file
        self.strict_split = strict_split
        super().__init__(data_root, split, pipeline, **kwargs)

    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the samples; columns of the csv by name."""
        path = self.csv_path()
        classes = self._read_classes()
        self._metainfo.update(classes=classes, palette=voc_palette(len(classes)), tag_classes=classes)
        columns = {name: column for column, name in enumerate(classes)}
        rows = list(read_metadata(path))
        strict = self.strict_split and self.split == 'train'
        leaked = leaked_sources(row for _, row in rows) if strict else ()
        for line, row in rows:
            if row['split'] != self.split or row['label'] not in self.subsets:
                continue
            if source_video(row['uid'], row['label']) not in leaked:
                yield self._clip(row, columns, f'{path!r}, line {line}')

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
        except (ValueError, RecursionError) as error:
            raise ValueError(f'classes_file {path!r} is not valid JSON ({error}); restore it') from error
        # The published file counts from 1 although masks, palette and code count from 0.
        counted = isinstance(numbers, dict) and sorted(map(repr, numbers.values())) == sorted(
            repr(number) for number in range(1, len(numbers) + 1)
        )
        if not counted or numbers.get('background') != 1:
            raise ValueError(
                f'classes_file {path!r} must map names to 1, 2, ... without a gap, with background 1; restore it'
            )
        return tuple(sorted(numbers, key=numbers.get))

    def _clip(self, row: dict[str, str], columns: dict[str, int], where: str) -> dict[str, Any]:
        clip_id, subset = row['uid'], row['label']
        num_frames = NUM_FRAMES[subset]
        folder = os.path.join(self.data_root, subset, clip_id)
        only_first = [True] + [False] * (num_frames - 1)
        names = split_names(row['a_obj'], columns)
        sounding = [[name for name in names if name not in NO_OBJECT]] * num_frames
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
