"""What the sites hand out, made small: archives, stray files and older layouts around the trees of tests/datasets/layouts.py."""

import hashlib
import os
import tarfile
import zipfile
from pathlib import Path

from layouts import picture, save, write_csv, write_wav

STRAY = ('.DS_Store', 'Thumbs.db', '._video', '__MACOSX/._video', 'desktop.ini')


def add_stray_files(root):
    """As file managers leave them, also where media are."""
    for folder in {path.parent for path in Path(root).rglob('*.*')}:
        for name in STRAY:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b'stray')


def tree_hash(root):
    """Names, content, times and modes of everything below a folder (or of one file)."""
    paths = [Path(root), *Path(root).rglob('*')]
    digest = hashlib.sha256()
    for path in sorted(paths):
        status = path.lstat()
        digest.update(repr((str(path), status.st_mode, status.st_mtime_ns)).encode())
        if path.is_symlink():
            digest.update(os.readlink(path).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def make_zip(path, folder):
    with zipfile.ZipFile(path, 'w') as archive:
        for file in sorted(Path(folder).rglob('*')):
            archive.write(file, file.relative_to(Path(folder).parent))
    return Path(path)


def make_tar(path, folder, mode='w:gz'):
    with tarfile.open(path, mode) as archive:
        archive.add(folder, Path(folder).name)
    return Path(path)


def move(root, pattern, rename):
    """Rename files: ``rename`` gets the path relative to ``root``."""
    for path in sorted(p for p in Path(root).rglob(pattern) if p.is_file()):
        target = Path(root) / rename(path.relative_to(root).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)


def make_vpo(root, mask_names='image'):
    """VPO-SS, VPO-MS and VPO-MSMI with two pictures each; one picture of MSMI lies in the folder of MS."""
    root = Path(root) / 'audio_visual'
    head = ['cateName', 'img_Id', 'ann_Ids', 'cateId', 'vgg_file', 'split', 'audio_pos', 'multi_instance']
    rows = dict(
        ss=[['dog', 17, 401, 18, 'dog_a', 'train', 0.2, 0], ['cat', 18, 402, 17, 'cat_b', 'val', 0.8, 0]],
        ms=[
            ['dog', 19, 403, 18, 'dog_a', 'train', 0.1, 0],
            ['cat', 19, 404, 17, 'cat_b', 'train', 0.9, 0],
            ['dog', 20, 405, 18, 'dog_c', 'val', 0.5, 0],
        ],
        msmi=[['dog', 21, 406, 18, 'dog_a', 'train', 0.1, 1], ['dog', 20, 405, 18, 'dog_c', 'val', 0.5, 0]],
    )
    for subset, lines in rows.items():
        write_csv(root / f'VPO/VPO-{subset.upper()}/vpo_{subset}_data_stereo.csv', [head, *lines])
        for name, image, annotation, number, wav, *_, several in lines:
            folder = root / 'VPO' / ('VPO-MS' if subset == 'msmi' and not several else f'VPO-{subset.upper()}')
            short, long = f'{image:012d}', f'{image:012d}_{annotation:012d}'
            below = f'{name}/' if subset == 'ss' else ''
            save(folder / f'data/{below}{short}.jpg', picture(image))
            mask = picture(image)[..., 0] * 0
            mask[2:9, 3:9] = number
            if subset != 'ss' and mask_names == 'image':
                save(folder / f'mask/{short}.png', mask)
            elif subset == 'ss' or not list((folder / 'mask').glob(f'{short}_*.png')):
                save(folder / f'mask/{below}{long}.png', mask)
            write_wav(root / f'vggsound_bench/VGGSound/audios/{wav}.wav', 3, image)
    return root
