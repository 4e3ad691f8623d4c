"""Which files the three sets of VPO consist of; their pictures come from COCO and their sound from VGGSound."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from mmavs.datasets import VPODataset
from mmavs.datasets.vpo_dataset import SUBSETS

from .layouts import ClipFiles, DataFile, Layout

_WAVS = 'vggsound_bench/VGGSound/audios'


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _clips(subset: str, out: str) -> Iterator[ClipFiles]:
    for split in ('train', 'val'):  # the class serves "val" a second time as "test"
        options = dict(subset=subset, lazy_init=True)
        clips = VPODataset(out, split, **options).read_clips()
        # masks of a picture are named after it or, in other copies, after its first annotation too
        others = VPODataset(out, split, **options, mask_names='annotation').read_clips()
        for clip, other in zip(clips, others, strict=True):
            yield _clip(subset, split, out, clip, _stem(other['mask_paths'][0]))


def _clip(subset: str, split: str, out: str, clip: dict[str, Any], long_mask: str) -> ClipFiles:
    frame, mask = (os.path.relpath(clip[key][0], os.path.join(out, 'VPO')) for key in ('frame_paths', 'mask_paths'))
    image = _stem(frame)
    folder = os.path.dirname(mask)
    masks = (f'{folder}/{image}.png', f'{folder}/{long_mask}.png') if subset != 'ss' else (mask,)
    # pictures of the same number are the same in all sets and in COCO
    files = [
        DataFile('frames', f'VPO/{frame}', (frame, f'{image}.jpg')),
        DataFile('masks', f'VPO/{mask}', tuple(dict.fromkeys((mask, *masks)))),
    ]
    wavs = [_stem(path) for path in dict.fromkeys(clip['audio_paths'])]
    files += [DataFile('wav', f'{_WAVS}/{name}.wav', (f'audios/{name}.wav', f'{name}.wav')) for name in wavs]
    key = f'{split}/{long_mask}/{wavs[0]}' if subset == 'ss' else f'{split}/{image}'
    return ClipFiles(key, f'vpo-{subset}', split, 1, tuple(files))


def _row_key(subset: str, row: list[str], header: list[str]) -> str:
    cells = {name: row[header.index(name)].strip() for name in ('img_Id', 'ann_Ids', 'vgg_file', 'split')}
    split = 'train' if cells['split'] == 'train' else 'val'
    image, annotation = cells['img_Id'].zfill(12), cells['ann_Ids'].zfill(12)
    return f'{split}/{image}_{annotation}/{cells["vgg_file"]}' if subset == 'ss' else f'{split}/{image}'


def _layout(subset: str) -> Layout:
    folders = [SUBSETS[subset], *(['VPO-MS'] if subset == 'msmi' else [])]
    return Layout(
        name=subset,
        folder=f'VPO/{SUBSETS[subset]}',
        csv=f'vpo_{subset}_data_stereo.csv',
        required=('frames', 'masks', 'wav'),
        lengths=(2, 3, 4),
        clips=partial(_clips, subset),
        row_key=partial(_row_key, subset),
        subsets=(f'vpo-{subset}',),
        kinds=('frames', 'masks', 'wav'),
        single_suffixes=('.wav', '.jpg'),
        makes=(*(f'VPO/{folder}/{kind}' for folder in folders for kind in ('data', 'mask')), _WAVS),
    )


VPO_SS, VPO_MS, VPO_MSMI = (_layout(subset) for subset in SUBSETS)
