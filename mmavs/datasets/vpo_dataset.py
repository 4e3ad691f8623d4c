"""VPO (Visual Post-production): pictures of COCO with recordings of VGGSound, 21 sounding classes."""

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmavs.registry import DATASETS

from .base_avs_dataset import BaseAVSDataset, refuse_unsafe_id
from .classes import VPO_CLASSES, voc_palette
from .csv_rows import read_columns
from .recipes import tags_of

SUBSETS = {'ss': 'VPO-SS', 'ms': 'VPO-MS', 'msmi': 'VPO-MSMI'}
_COLUMNS = ('cateName', 'img_Id', 'ann_Ids', 'vgg_file', 'split', 'audio_pos')
_CSV_SPLITS = {'train': 'train', 'val': 'val', 'test': 'val'}  # the csv has no third part
_TAG_COLUMNS = {name: column for column, name in enumerate(VPO_CLASSES)}
_WHERE_VPO_COMES_FROM = (
    'VPO is given out by its authors on the page of CAVP (cyh-0/CAVP on GitHub) in two archives, the pictures and csv files '
    '(VPO) and the recordings of VGGSound (vggsound_bench); unpack both into data_root. To go on without them, build AVStamps '
    'in the layout of VPO with "python tools/dataset_converters/build_avstamps.py --out DIR --sets vpo" and set data_root to '
    'its folder audio_visual'
)


@DATASETS.register_module()
class VPODataset(BaseAVSDataset):
    """VPO: one picture and the recordings of the objects in it that sound, as a clip of one frame.

    ``data_root`` is the folder with ``VPO`` and ``vggsound_bench`` (published as ``audio_visual``). A row of VPO-SS is a
    clip. Rows of VPO-MS and VPO-MSMI with one ``img_Id`` are the sources of one clip. A picture of VPO-MSMI whose rows all
    have ``multi_instance`` 0 lies in the folder of VPO-MS. The csv knows ``train`` and ``val``, and the published numbers
    are of ``val``: it is served as ``'val'`` and as ``'test'``, so there is nothing apart to choose a checkpoint on.

    Beside the entries of :class:`BaseAVSDataset` the sample has one entry per source in ``audio_paths`` and
    ``audio_positions`` (0 left, 1 right), which :class:`~mmavs.datasets.transforms.LoadSources` and
    :class:`~mmavs.datasets.transforms.MixSources` read; ``audio_path`` is the first of them. ``subset`` is the folder name,
    such as ``'VPO-MS'``. Rows that repeat picture and annotation are clips of their own and get ``_2``, ``_3``, ... behind
    the id.

    Args:
        data_root: The folder with ``VPO`` and ``vggsound_bench``.
        split: ``'train'``, ``'val'`` or ``'test'``; the last two are the same.
        pipeline: Transform configs or callables.
        subset: ``'ss'``, ``'ms'`` or ``'msmi'``, or several of them. The csv of ``'msmi'`` contains rows of ``'ms'``.
        mask_names: ``'image'`` for masks of VPO-MS and VPO-MSMI named ``{img_Id}.png``, as the published loader has it,
            ``'annotation'`` for ``{img_Id}_{ann_Ids}.png`` with the ``ann_Ids`` of the picture's first row; ``None`` takes
            whichever the folder has, by the first name of either form found there.
        **kwargs: See :class:`BaseAVSDataset`; ``audio`` is always ``'wav'``.

    Raises:
        FileNotFoundError: The csv, the folder of pictures, of masks or of recordings is missing.
        ValueError: An unknown subset or option; a csv without the columns; or a row whose class, split, position or
            ``multi_instance`` is none, or whose ids would lead out of the data folder.

    Source: Chen et al., "Unraveling Instance Associations: A Closer Look for Audio-Visual Segmentation", CVPR 2024.
    """

    METAINFO = dict(classes=VPO_CLASSES, palette=voc_palette(len(VPO_CLASSES)), tag_classes=VPO_CLASSES)
    mask_mode = 'vpo'
    own_folders = False
    audio_keys = ('audio_path', 'audio_paths', 'audio_positions')

    def __init__(
        self,
        data_root: str | os.PathLike,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        *,
        subset: str | Sequence[str] = 'ss',
        mask_names: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.subsets = (subset,) if isinstance(subset, str) else tuple(subset)
        if not self.subsets or any(name not in SUBSETS for name in self.subsets):
            raise ValueError(f'subset must be one or several of {tuple(SUBSETS)}, got {subset!r}')
        if mask_names not in (None, 'image', 'annotation'):
            raise ValueError(f"mask_names must be 'image', 'annotation' or None, got {mask_names!r}")
        if kwargs.get('audio', 'wav') != 'wav':
            raise ValueError(f"VPO has recordings only: audio must be 'wav', got {kwargs['audio']!r}")
        self.mask_names = mask_names
        self._found: set[str] = set()
        super().__init__(data_root, split, pipeline, **kwargs)

    def csv_path(self, subset: str | None = None) -> str:
        """Path of the csv of a subset (by default the first one); a missing one is an error that says where VPO is from."""
        name = subset or self.subsets[0]
        return self._existing('file', 'VPO', SUBSETS[name], f'vpo_{name}_data_stereo.csv')

    def read_clips(self) -> Iterator[dict[str, Any]]:
        """Yield the samples of all subsets."""
        seen: dict[str, int] = {}
        for subset in self.subsets:
            path = self.csv_path(subset)
            rows = [row for row in self.read_rows(subset) if row['split'] == _CSV_SPLITS[self.split]]
            for row in rows:
                for name in (row['cateName'], row['image'], row['annotation'], row['vgg_file']):
                    refuse_unsafe_id(name, path)
            for clip in self._clips(rows, subset):
                count = seen[clip['clip_id']] = seen.get(clip['clip_id'], 0) + 1
                if count > 1:
                    clip['clip_id'] = clip['audio_clip_id'] = f'{clip["clip_id"]}_{count}'
                yield clip

    def _existing(self, kind: str, *parts: str) -> str:
        path = os.path.join(self.data_root, *parts)
        if path not in self._found and not (os.path.isfile if kind == 'file' else os.path.isdir)(path):
            raise FileNotFoundError(
                f'VPODataset needs the {kind} {path!r}, which does not exist. {_WHERE_VPO_COMES_FROM}.'
            )
        self._found.add(path)  # asked for once, not for every clip
        return path

    def read_rows(self, subset: str) -> list[dict[str, Any]]:
        """Read the csv of a subset, whatever the split.

        Args:
            subset: ``'ss'``, ``'ms'`` or ``'msmi'``.

        Returns:
            The rows by the names of their columns, and beside them ``image`` and ``annotation`` (ids as file names spell
            them), ``position`` (0 left, 1 right) and ``several`` (whether ``multi_instance`` is set).

        Raises:
            FileNotFoundError: There is no csv.
            ValueError: A column is missing, or a row is wrong, see the class.
        """
        path = self.csv_path(subset)
        needed = (*_COLUMNS, 'multi_instance') if subset == 'msmi' else _COLUMNS
        return [_checked(row, f'{path!r}, line {line}') for line, row in read_columns(path, needed)]

    def _clips(self, rows: list[dict[str, Any]], subset: str) -> Iterator[dict[str, Any]]:
        if subset == 'ss':
            for row in rows:
                yield self._clip([row], SUBSETS[subset], row['cateName'], 'annotation')
            return
        pictures: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            pictures.setdefault(row['image'], []).append(row)
        names: dict[str, str] = {}
        for sources in pictures.values():
            alone = subset == 'msmi' and not any(row['several'] for row in sources)
            folder = SUBSETS['ms' if alone else subset]
            if folder not in names:
                names[folder] = self.mask_names or self._found_names(folder)
            yield self._clip(sources, folder, '', names[folder])

    def _found_names(self, folder: str) -> str:
        """How the masks of a folder are named."""
        with os.scandir(self._existing('folder', 'VPO', folder, 'mask')) as entries:
            for entry in entries:
                if found := re.fullmatch(r'\d{12}(_.+)?\.png', entry.name):
                    return 'annotation' if found[1] else 'image'
        return 'image'

    def _clip(self, rows: list[dict[str, Any]], folder: str, below: str, mask_names: str) -> dict[str, Any]:
        image = rows[0]['image']
        mask = f'{image}_{rows[0]["annotation"]}' if mask_names == 'annotation' else image
        recordings = self._existing('folder', 'vggsound_bench', 'VGGSound', 'audios')
        paths = [os.path.join(recordings, f'{row["vgg_file"]}.wav') for row in rows]
        sounding = [list(dict.fromkeys(row['cateName'] for row in rows))]
        clip_id = f'{image}_{rows[0]["annotation"]}' if folder == SUBSETS['ss'] else image
        return dict(
            clip_id=clip_id,
            audio_clip_id=clip_id,
            split=self.split,
            subset=folder,
            num_frames=1,
            frame_paths=[os.path.join(self._existing('folder', 'VPO', folder, 'data'), below, f'{image}.jpg')],
            mask_paths=[os.path.join(self._existing('folder', 'VPO', folder, 'mask'), below, f'{mask}.png')],
            audio_path=paths[0],
            audio_paths=paths,
            audio_positions=[row['position'] for row in rows],
            frame_annotated=[True],
            frame_labelled=[True],
            sounding=sounding,
            tags=tags_of(sounding, _TAG_COLUMNS, clip_id),
        )


def _checked(row: dict[str, str], where: str) -> dict[str, Any]:
    """Return a row with its numbers read; ``where`` names file and line for the error."""
    empty = [name for name, value in row.items() if not value.strip()]
    if empty:
        raise ValueError(f'{where}: the columns {empty} are empty; copy the csv again')
    values = {name: value.strip() for name, value in row.items()}
    if values['cateName'] not in VPO_CLASSES[1:]:
        raise ValueError(f'{where}: unknown class {values["cateName"]!r}, known are {VPO_CLASSES[1:]}')
    if values['split'] not in _CSV_SPLITS:
        raise ValueError(f'{where}: split must be one of {tuple(_CSV_SPLITS)}, got {values["split"]!r}')
    position = _number(values['audio_pos'])
    if position is None or not 0 <= position <= 1:
        raise ValueError(f'{where}: audio_pos must be in [0, 1] (0 left, 1 right), got {values["audio_pos"]!r}')
    several = _number(values.get('multi_instance', '0'))
    if several is None:
        raise ValueError(f'{where}: multi_instance must be 0 or 1, got {values["multi_instance"]!r}')
    return dict(
        values,
        split=_CSV_SPLITS[values['split']],
        image=values['img_Id'].zfill(12),
        annotation=values['ann_Ids'].zfill(12),
        position=position,
        several=several != 0,
    )


def _number(text: str) -> float | None:
    try:
        value = float({'true': '1', 'false': '0'}.get(text.lower(), text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
