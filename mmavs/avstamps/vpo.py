"""Clips in the layout of VPO: a picture, its mask by COCO category, and one mono recording per sounding object."""

import csv
import io
from typing import Any

import numpy as np

from mmavs.datasets.classes import VPO_CATEGORY_IDS

from .layouts import encode_picture, encode_wav
from .recipes import Recipe
from .scenes import Thing
from .sets import SetSpec
from .sounds import SAMPLE_RATE, make_stem, white_noise
from .sources import MediaSource

COLUMNS = ('cateName', 'img_Id', 'ann_Ids', 'cateId', 'vgg_file', 'split', 'audio_pos', 'multi_instance')
SECONDS = (4, 2)  # loaders take the central 3 s; a recording that is shorter must be repeated
SHORT_SHARE = 0.1
WIDE_SHARE = 0.5  # pictures of 4:3; the rest is square
CSV_SPLIT = {'train': 'train', 'test': 'val'}  # the published loaders rename val to test


def image_id(spec: SetSpec, split_number: int, index: int) -> int:
    """Id of a picture; differs between all sets, because VPO-MSMI reads pictures from the folder of VPO-MS."""
    number = ('VPO-SS', 'VPO-MS', 'VPO-MSMI').index(spec.subset) + 1
    return number * 10**7 + split_number * 10**6 + index


def box(owner: np.ndarray, index: int) -> list[int]:
    """Left, top, right and bottom of what is visible of a thing, in pixels; right and bottom lie behind it.

    Args:
        owner: ``(H, W)`` index of the visible thing, -1 for none.
        index: Index of the thing.
    """
    rows, columns = np.flatnonzero((owner == index).any(1)), np.flatnonzero((owner == index).any(0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1] if len(rows) else [0, 0, 0, 0]


def recording(source: MediaSource, thing: Thing, train: bool, rng: np.random.Generator) -> np.ndarray:
    """Make the mono recording of one object, ``(n, 1)`` int16: where it is heard is left to the loader."""
    length = SECONDS[int(rng.random() < SHORT_SHARE)] * SAMPLE_RATE
    stem = make_stem(source.sound(thing.sound), length, train, rng) + white_noise(rng, (length,))
    return (np.clip(stem[:, None], -1, 1) * 32767).round().astype(np.int16)


def vpo_clip(
    source: MediaSource, spec: SetSpec, place: tuple[str, int, int], recipe: Recipe, frame: np.ndarray,
    owner: np.ndarray, rng: np.random.Generator,
) -> tuple[dict[str, bytes], np.ndarray, dict[str, Any]]:  # fmt: skip
    """Make the files of one clip.

    Args:
        source: Where the recordings are, and the classes of VPO that the things belong to.
        spec: The set.
        place: Split, its number, and number of the clip in it.
        recipe: The drawn scene.
        frame: ``(S, S, 3)`` uint8.
        owner: ``(S, S)`` int8 index of the visible thing, -1 for none.
        rng: Generator of the clip.

    Returns:
        Files by path relative to the set's folder; the mask ``(H, W)`` uint8 of COCO category ids; and what is added to the
        summary: ``sources`` (the rows of the csv), ``boxes`` of all things, ``twins`` and ``multi_instance``.
    """
    split, split_number, index = place
    labels = {c.name: c.vpo for c in source.catalog.classes}
    if rng.random() < WIDE_SHARE:
        cut = frame.shape[0] // 8
        frame, owner = frame[cut:-cut], owner[cut:-cut]
    names = [labels[t.cls] for t in recipe.things]
    ids = [VPO_CATEGORY_IDS[n] if t.on[0] else 0 for n, t in zip(names, recipe.things, strict=True)]
    mask = np.array([*ids, 0], np.uint8)[owner]  # index -1 is background
    boxes = [box(owner, i) for i in range(len(ids))]
    sounding = [n for n, i in zip(names, ids, strict=True) if i]
    several = any(names.count(name) > 1 for name in sounding)
    folder = 'VPO-MS' if spec.subset == 'VPO-MSMI' and not several else spec.subset
    image = image_id(spec, split_number, index)
    files: dict[str, bytes] = {}
    rows = []
    for number, thing in enumerate(recipe.things):
        if ids[number]:
            annotation = 10 * image + number
            vgg_file = f'avstamps_{annotation:012d}'
            files[f'vggsound_bench/VGGSound/audios/{vgg_file}.wav'] = encode_wav(
                recording(source, thing, split == 'train', rng)
            )
            position = round((boxes[number][0] + boxes[number][2]) / (2 * frame.shape[1]), 4)
            in_msmi = int(folder == 'VPO-MSMI')
            values = (names[number], image, annotation, ids[number], vgg_file, CSV_SPLIT[split], position, in_msmi)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    name = f'{image:012d}'
    picture, label = f'data/{name}.jpg', f'mask/{name}.png'
    if folder == 'VPO-SS':
        row = rows[0]
        picture = f'data/{row["cateName"]}/{name}.jpg'
        label = f'mask/{row["cateName"]}/{name}_{row["ann_Ids"]:012d}.png'
    files[f'VPO/{folder}/{picture}'] = encode_picture(frame, '.jpg')
    files[f'VPO/{folder}/{label}'] = encode_picture(mask, '.png')
    twins = several and any(not i and n in sounding for n, i in zip(names, ids, strict=True))
    more = dict(
        sources=rows, boxes=boxes, twins=twins, multi_instance=several, image=picture, mask=label, folder=folder
    )
    return files, mask, more


def vpo_tables(clips: dict[str, dict[str, Any]]) -> dict[str, bytes]:
    """Return the csv of each subset, by path relative to the set's folder.

    Args:
        clips: ``{clip id: recipe summary}`` of all sets, in order.
    """
    tables = {}
    for subset in dict.fromkeys(clip['subset'] for clip in clips.values()):
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, COLUMNS, lineterminator='\n')
        writer.writeheader()
        for clip in clips.values():
            if clip['subset'] == subset:
                writer.writerows(clip['sources'])
        tables[f'VPO/{subset}/{subset.lower().replace("-", "_")}_data_stereo.csv'] = buffer.getvalue().encode()
    return tables
