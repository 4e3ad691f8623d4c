"""A tiny VPO in the official naming, written with Pillow, wave and csv only."""

from pathlib import Path

import numpy as np
from layouts import picture, save, write_csv, write_wav

# published table: category number of COCO and class index
REMAP = {
    5: 1, 94: 2, 16: 3, 6: 4, 3: 5, 17: 6, 77: 7, 21: 8, 18: 9, 22: 10, 93: 11, 19: 12, 76: 13, 92: 14, 4: 15, 74: 16, 20: 17,
    41: 18, 37: 19, 43: 20, 24: 21,
}  # fmt: skip
NAMES = (
    'background airplane baby bird bus car cat cell_phone cow dog elephant female horse keyboard male motorcycle mouse sheep '
    'skateboard sports_ball tennis_racket zebra'
)
CLASSES = [name.replace('_', ' ') for name in NAMES.split()]
COLUMNS = ['ann_Ids', 'cateName', 'img_Id', 'cateId', 'vgg_file', 'audio_pos', 'split', 'multi_instance']
IDS = list(REMAP)
AUDIOS = 'vggsound_bench/VGGSound/audios'


def mask_of(seed, ids, size):
    """Category numbers in blocks, with a border of 255."""
    blocks = np.array([0, *ids], np.uint8)
    mask = blocks[np.random.default_rng(seed).integers(0, len(blocks), size)]
    mask[:, -2:] = 255
    mask[0, : len(ids)] = ids
    return mask


class Writer:
    """Collects the rows of one csv and writes the files they name."""

    def __init__(self, root, subset):
        self.root, self.subset, self.rows = Path(root), subset, []

    def add(self, seed, split, ids, folder=None, below='', annotation=None, several=0, sounds=((4.0, 16000),)):
        """One picture with a row and a recording per entry of ``ids``; sizes differ from picture to picture."""
        image, folder, size = 7000 + seed, folder or f'VPO-{self.subset.upper()}', (30 + seed % 5, 41 + seed % 7)
        place = self.root / 'VPO' / folder
        name = f'{image:012d}' if annotation is None else f'{image:012d}_{annotation:012d}'
        save(place / 'data' / below / f'{image:012d}.jpg', picture(seed, size))
        save(place / 'mask' / below / f'{name}.png', mask_of(seed, ids, size))
        for k, number in enumerate(ids):
            seconds, rate = sounds[k % len(sounds)]
            file = f'-vgg_{seed}{k}_000030'
            write_wav(self.root / AUDIOS / f'{file}.wav', seconds, 100 * seed + k, rate)
            position = [0.25, 0.9, 0.0, 1.0][(seed + k) % 4]
            row = [annotation or 55, CLASSES[REMAP[number]], image, number, file, position, split, several]
            self.rows.append(row)

    def write(self):
        write_csv(
            self.root / 'VPO' / f'VPO-{self.subset.upper()}' / f'vpo_{self.subset}_data_stereo.csv',
            [COLUMNS, *self.rows],
        )


def make_vpo(root):
    """All three subsets: every class, short and 44.1 kHz recordings, rows of a picture apart in the csv."""
    root = Path(root) / 'audio_visual'
    single = Writer(root, 'ss')
    for seed, number in enumerate(IDS):
        below = CLASSES[REMAP[number]]
        sounds = [(4.0, 16000), (1.3, 16000), (3.5, 44100)][seed % 3]
        single.add(
            seed, 'val' if seed % 4 == 3 else 'train', [number], below=below, annotation=9 + seed, sounds=[sounds]
        )
    single.write()
    several = Writer(root, 'ms')
    several.add(100, 'train', [5, 94])
    several.add(101, 'val', [17, 18, 92], sounds=((4.0, 16000), (2.0, 16000)))
    several.add(102, 'train', [24, 3])
    several.rows.insert(0, several.rows.pop())  # the last source of picture 102 comes first
    several.write()
    instances = Writer(root, 'msmi')
    instances.add(101, 'val', [17, 18, 92], folder='VPO-MS', sounds=((4.0, 16000), (2.0, 16000)))
    instances.add(200, 'val', [17, 17, 92], several=1)
    instances.add(201, 'train', [20, 20], several=1)
    instances.write()
    return root
