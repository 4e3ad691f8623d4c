"""AVSBench-object: single-source (S4) and multi-sources (MS3)."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmavs.registry import DATASETS

from .base_avs_dataset import SPLITS, BaseAVSDataset, refuse_unsafe_id
from .classes import BINARY_CLASSES, S4_CATEGORIES, voc_palette
from .csv_rows import read_rows, refuse_doubled
from .recipes import tags_of


def read_positional_csv(path: str, num_columns: int, split_column: int, key_columns: Sequence[int]) -> list[list[str]]:
    """Read a csv by position: the header names of the published files are not reliable.

    Args:
        path: File with one header row.
        num_columns: Columns every row must have at least.
        split_column: Column with ``train``, ``val`` or ``test``.
        key_columns: Columns that together tell one clip from all others.

    Returns:
        The rows without the header and without empty lines.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No header, a row with too few columns, an unknown split, or a clip that is listed twice; file and line
            are named.
    """
    rows, seen = [], {}
    for number, (line, row) in enumerate(read_rows(path)):
        where = f'{path!r}, line {line}'
        if number == 0:
            if len(row) > split_column and row[split_column] in SPLITS:
                raise ValueError(
                    f'{where}: a clip stands where the header is due, and would be lost; add a header line'
                )
            continue
        if len(row) < num_columns:
            raise ValueError(f'{where}: {len(row)} columns, expected at least {num_columns}; mend the csv')
        if row[split_column] not in SPLITS:
            raise ValueError(
                f'{where}: column {split_column} must be one of {SPLITS}, got {row[split_column]!r}; mend the csv'
            )
        refuse_doubled(seen, tuple(row[column] for column in key_columns), path, line)
        rows.append(row)
    return rows


class _AVSBenchObjectDataset(BaseAVSDataset):
    METAINFO = dict(classes=BINARY_CLASSES, palette=voc_palette(2))

    def __init__(
        self,
        data_root: str | os.PathLike,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        *,
        num_frames: int = 5,
        **kwargs: Any,
    ) -> None:
        if num_frames < 1:
            raise ValueError(f'num_frames must be positive, got {num_frames}')
        self.num_frames = num_frames
        super().__init__(data_root, split, pipeline, **kwargs)

    def _clip(self, clip_id: str, subset: str, frames: str, masks: str, audio: str) -> dict[str, Any]:
        """Assemble a sample; ``frames`` and ``masks`` are path prefixes, ``audio`` a path below the audio folder."""
        folder, suffix = ('audio_wav', '.wav') if self.audio == 'wav' else ('audio_log_mel', '.pkl')
        numbers = range(1, self.num_frames + 1)
        return dict(
            clip_id=clip_id,
            audio_clip_id=clip_id,
            split=self.split,
            subset=subset,
            num_frames=self.num_frames,
            frame_paths=[f'{frames}_{i}.png' for i in numbers],
            mask_paths=[f'{masks}_{i}.png' for i in numbers],
            audio_path=os.path.join(self.data_root, f'{subset}_data', folder, self.split, audio + suffix),
            frame_annotated=[True] * self.num_frames,
            frame_labelled=[True] * self.num_frames,
        )


@DATASETS.register_module()
class AVSBenchS4Dataset(_AVSBenchObjectDataset):
    """AVSBench-object single-source: one constantly sounding object; of a training clip only frame 1 is labelled.

    ``data_root`` is the folder ``Single-source``. Tags say the category of the clip in every second; their columns are the
    23 official categories, or, where the csv has others, the sorted categories of the csv.

    Args:
        data_root: The folder with ``s4_meta_data.csv``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        pipeline: Transform configs or callables.
        num_frames: Frames per clip.
        **kwargs: See :class:`BaseAVSDataset`.

    Source: AVSBench (OpenNLPLab), folder ``avs_s4``.
    """

    csv_name = 's4_meta_data.csv'
    mask_mode = 'binary'

    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the samples; columns by position: 0 video, 2 category, 3 split."""
        path = self.csv_path()
        rows = read_positional_csv(path, 4, split_column=3, key_columns=(0, 2, 3))
        found = {row[2] for row in rows}
        categories = S4_CATEGORIES if found <= set(S4_CATEGORIES) else tuple(sorted(found))
        columns = {name: column for column, name in enumerate(categories)}
        self._metainfo['tag_classes'] = categories
        data = os.path.join(self.data_root, 's4_data')
        for row in rows:
            clip_id, category = row[0], row[2]
            if row[3] != self.split:
                continue
            refuse_unsafe_id(clip_id, path)
            refuse_unsafe_id(category, path)
            below = os.path.join(self.split, category, clip_id)
            clip = self._clip(
                clip_id,
                's4',
                os.path.join(data, 'visual_frames', below, clip_id),
                os.path.join(data, 'gt_masks', below, clip_id),
                os.path.join(category, clip_id),
            )
            if self.split == 'train':
                unlabelled = self.num_frames - 1
                clip['mask_paths'][1:] = [None] * unlabelled
                clip['frame_annotated'] = clip['frame_labelled'] = [True] + [False] * unlabelled
            sounding = [[category]] * self.num_frames
            clip.update(category=category, sounding=sounding)
            clip['tags'] = tags_of(sounding, columns, path)
            yield clip


@DATASETS.register_module()
class AVSBenchMS3Dataset(_AVSBenchObjectDataset):
    """AVSBench-object multi-sources: several objects that start and stop, every frame labelled.

    ``data_root`` is the folder ``Multi-sources``, or one of the stress sets of AVStamps, which have the same layout (some of
    them with ``num_frames=1``). There are tags only with ``recipes_file``.

    Args:
        data_root: The folder with ``ms3_meta_data.csv``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        pipeline: Transform configs or callables.
        num_frames: Frames per clip.
        **kwargs: See :class:`BaseAVSDataset`.

    Source: AVSBench (OpenNLPLab), folder ``avs_ms3``.
    """

    csv_name = 'ms3_meta_data.csv'
    mask_mode = 'index'

    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the samples; columns by position: 0 video, 1 split."""
        path = self.csv_path()
        data = os.path.join(self.data_root, 'ms3_data')
        for clip_id, split, *_ in read_positional_csv(path, 2, split_column=1, key_columns=(0, 1)):
            if split != self.split:
                continue
            refuse_unsafe_id(clip_id, path)
            yield self._clip(
                clip_id,
                'ms3',
                # the published frames have no split folder and carry the name of the video file
                os.path.join(data, 'visual_frames', clip_id, clip_id + '.mp4'),
                os.path.join(data, 'gt_masks', split, clip_id, clip_id),
                clip_id,
            )
