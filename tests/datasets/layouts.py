"""Tiny data sets in the official layouts, written with Pillow, wave and csv only."""

import csv
import json
import pickle
import wave
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIZE = (24, 32)  # height, width


def picture(seed, size=SIZE):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def blob(seed, size=SIZE):
    rng = np.random.default_rng(1000 + seed)
    mask = np.zeros(size, bool)
    top, left = rng.integers(0, size[0] - 8), rng.integers(0, size[1] - 8)
    mask[top : top + 7, left : left + 8] = True
    return mask


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).convert(mode).save(path) if mode else Image.fromarray(array).save(path)


def write_wav(path, seconds, seed=0, sample_rate=16000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-3000, 3000, (round(seconds * sample_rate), channels), dtype=np.int16)
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(noise.tobytes())
    return noise


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows(rows)


def write_log_mel(path, seed=0, num=5):
    path.parent.mkdir(parents=True, exist_ok=True)
    log_mel = torch.randn(num, 1, 96, 64, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    path.write_bytes(pickle.dumps(log_mel))
    return log_mel


def make_s4(root, categories=('helicopter', 'playing_piano'), splits=('train', 'val', 'test'), clips=2, size=SIZE):
    root = Path(root) / 'Single-source'
    rows, seed = [['name', 'start', 'category', 'split']], 0
    for split in splits:
        for category in categories:
            for k in range(clips):
                name = f'{category[:4]}_{split}{k}'
                rows.append([name, '0', category, split])
                below = Path(split) / category / name
                for i in range(1, 6):
                    seed += 1
                    save(root / 's4_data/visual_frames' / below / f'{name}_{i}.png', picture(seed, size))
                    if split != 'train' or i == 1:
                        mask = blob(seed, size).astype(np.uint8) * 255
                        save(root / 's4_data/gt_masks' / below / f'{name}_{i}.png', np.stack([mask] * 3, -1))
                write_wav(root / 's4_data/audio_wav' / split / category / f'{name}.wav', 5, seed)
                write_log_mel(root / 's4_data/audio_log_mel' / split / category / f'{name}.pkl', seed)
    write_csv(root / 's4_meta_data.csv', rows)
    return root


def make_ms3(root, splits=('train', 'val', 'test'), clips=3, num_frames=5, classes=('dog', 'cat', 'horn')):
    root = Path(root) / 'Multi-sources'
    rows, recipes, seed = [['video_id', 'split']], {}, 5000
    for split in splits:
        for k in range(clips):
            name = f'{split}-clip{k}'
            rows.append([name, split])
            for i in range(1, num_frames + 1):
                seed += 1
                save(root / f'ms3_data/visual_frames/{name}/{name}.mp4_{i}.png', picture(seed))
                save(root / f'ms3_data/gt_masks/{split}/{name}/{name}_{i}.png', blob(seed).astype(np.uint8) * 255)
            write_wav(root / f'ms3_data/audio_wav/{split}/{name}.wav', num_frames, seed, channels=2)
            write_log_mel(root / f'ms3_data/audio_log_mel/{split}/{name}.pkl', seed, num_frames)
            sounding = [[classes[k % len(classes)]] if t else [] for t in range(num_frames)]
            recipes[name] = dict(sounding=sounding, held_out=k == 0, present=list(classes), split=split)
    write_csv(root / 'ms3_meta_data.csv', rows)
    (root / 'recipes.json').write_text(json.dumps(dict(classes=list(classes), clips=recipes)))
    return root


def make_avss(root, palette, a_obj=('dog', 'man_emergency-car'), splits=('train', 'val', 'test'), classes=None):
    """Original resolutions differ from clip to clip, as in the published data."""
    root = Path(root) / 'AVSBench-semantic'
    rows, seed = [['vid', 'uid', 's_min', 's_sec', 'a_obj', 'split', 'label']], 9000
    palette = np.array(palette, np.uint8)
    for split in splits:
        for label, num_frames in (('v1s', 5), ('v1m', 5), ('v2', 10)):
            for k, names in enumerate(a_obj):
                seed += 1
                uid = f'{label}{split}{k}_0_{num_frames}000'
                rows.append([uid[:8], uid, '0', '0', names, split, label])
                folder = root / label / uid
                size = (30 + 2 * k, 41 + k)
                for i in range(num_frames):
                    save(folder / 'frames' / f'{i}.jpg', picture(seed + i, size))
                    if label == 'v1s' and split == 'train' and i:
                        continue
                    index = blob(seed + i, size) * (i + 1) + np.flipud(blob(seed + i + 1, size)) * (17 + k)
                    index = np.minimum(index, len(palette) - 1).astype(np.uint8)
                    save(folder / 'labels_semantic' / f'{i}.png', index)
                    save(folder / 'labels_rgb' / f'{i}.png', palette[index])
                write_wav(folder / 'audio.wav', num_frames, seed, channels=2)
    write_csv(root / 'metadata.csv', rows)
    if classes is not None:
        (root / 'label2idx.json').write_text(json.dumps({name: i + 1 for i, name in enumerate(classes)}))
    return root
