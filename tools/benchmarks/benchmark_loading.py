"""Loading and augmenting AVSS clips with the workers of a DataLoader, against a plain Pillow and numpy loader.

Both sides end with the same tensors on the CPU: normalised float32 frames, log-mel and class masks of one clip, so that for mmavs
the data preprocessor, which runs in the main process, counts too. The sides take turns, each with workers of its own that stay
alive; medians over the rounds are shown, and CPU time (main process and workers) beside wall time. Before that the masks of both
sides are compared. A second table gives the time of each step.
"""

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from PIL import Image
from plain_avss_loader import Augmentation, PlainAVSSClips, to_tensor
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mmavs.datasets import AVSSDataset
from mmavs.models.data_preprocessors import AVSDataPreprocessor

LOAD = (
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='zeros'),
)
MODES = ('test', 'train', 'augment')
MASKS = {'palette': 'labels_rgb', 'index': 'labels_semantic'}
Batch = tuple[Tensor, Tensor, Tensor]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', help='folder AVSBench-semantic')
    parser.add_argument('--split', default='train')
    parser.add_argument('--clips', type=int, default=24, help='clips of 10 frames (subset v2) per round')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--modes', nargs='+', choices=MODES, default=MODES)
    parser.add_argument('--size', type=int, default=224, help='height and width of the loaded frames')
    return parser.parse_args(argv)


def change(mode: str, size: int) -> list[dict[str, Any]]:
    """Return the transforms between loading and packing."""
    if mode == 'test':
        return [dict(type='ResizeClip', size=size)]
    if mode == 'train':
        return [dict(type='ResizeShortSideCenterCropClip', size=size)]
    return [
        dict(type='RandomResizedCropClip', size=size, area=(0.6, 1.0)),
        dict(type='RandomFlipClip', prob=0.5),
        dict(type='ClipPhotoMetric', brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    ]


def build(args: argparse.Namespace, mode: str, masks: str) -> tuple[Dataset, Dataset]:
    """Return the plain and the mmavs data set of the same clips."""
    load = [dict(step, mode=masks) if step['type'] == 'LoadClipMasks' else step for step in LOAD]
    pipeline = [*load, *change(mode, args.size), dict(type='PackAVSInputs')]
    ours = AVSSDataset(args.data_root, args.split, pipeline, subsets=('v2',), max_clips=args.clips)
    clips = [ours.get_data_info(i) for i in range(len(ours))]
    return PlainAVSSClips(clips, ours.metainfo['palette'], mode, masks == 'index', args.size), ours


class Seeded(Dataset):
    """A data set whose random draws depend on the clip alone, and which reports process and CPU seconds with each sample."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, int, float]:
        np.random.seed(index)
        sample = self.dataset[index]
        return sample, os.getpid(), time.process_time()


def start_worker(_: int) -> None:
    """One thread per worker, for both sides."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)


class Side:
    """One loader with its workers, and the step that turns what it yields into the tensors of one clip."""

    def __init__(self, dataset: Dataset, workers: int, collate: Callable, finish: Callable[[Any], Batch]) -> None:
        self.loader = DataLoader(
            Seeded(dataset),
            num_workers=workers,
            collate_fn=lambda samples: (collate([samples[0][0]]), *samples[0][1:]),
            worker_init_fn=start_worker,
            persistent_workers=workers > 0,
        )
        self.finish = finish
        self.clocks: dict[int, float] = {}

    def run(self, visit: Callable[[Batch], None] = lambda batch: None) -> tuple[float, float]:
        """Load all clips once; wall and CPU seconds. The first run of a side also counts the start of its workers."""
        wall, main, before = time.perf_counter(), time.process_time(), dict(self.clocks)
        for sample, process, seconds in self.loader:
            visit(self.finish(sample))
            self.clocks[process] = max(seconds, self.clocks.get(process, 0.0))
        own = time.process_time() - main
        self.clocks.pop(os.getpid(), None)  # without workers the loading is in the main process, which is counted
        workers = sum(seconds - before.get(process, 0.0) for process, seconds in self.clocks.items())
        return time.perf_counter() - wall, own + workers


def sides(args: argparse.Namespace, mode: str, masks: str) -> dict[str, Side]:
    """Return the two loaders."""
    plain, ours = build(args, mode, masks)
    preprocessor = AVSDataPreprocessor()

    def finish(sample: dict[str, Any]) -> Batch:
        data = preprocessor(sample)
        return data['inputs']['frames'][0], data['inputs']['audio'][0], data['data_samples'][0].gt_masks

    return {
        'plain': Side(plain, args.workers, lambda samples: samples[0], lambda sample: sample),
        'mmavs': Side(ours, args.workers, pseudo_collate, finish),
    }


def compare(both: dict[str, Side]) -> tuple[int, float]:
    """Number of mask pixels that differ between the sides, and the mean difference of the frames in grey levels."""
    seen = defaultdict(list)
    for name, side in both.items():
        side.run(lambda batch, name=name: seen[name].append((batch[0].half(), batch[2].to(torch.uint8))))
    pixels = sum(int((a[1] != b[1]).sum()) for a, b in zip(*seen.values(), strict=True))
    levels = [float((a[0].float() - b[0].float()).abs().mean()) * 57 for a, b in zip(*seen.values(), strict=True)]
    return pixels, statistics.mean(levels)


def throughput(args: argparse.Namespace, mode: str, masks: str) -> str:
    """One row of the first table."""
    both = sides(args, mode, masks)
    pixels, levels = compare(both)
    clips = len(both['mmavs'].loader)
    times = {name: [] for name in both}
    for _ in range(args.rounds):
        for name, side in both.items():
            times[name].append(side.run())
    wall, cpu = ({name: statistics.median(t[i] for t in times[name]) for name in both} for i in (0, 1))
    cells = [mode, MASKS[masks]]
    cells += [f'{clips / wall["plain"]:.1f}', f'{clips / wall["mmavs"]:.1f}', f'{wall["plain"] / wall["mmavs"]:.1f}']
    cells += [f'{cpu["plain"] / clips * 1e3:.1f}', f'{cpu["mmavs"] / clips * 1e3:.1f}']
    cells += [f'{cpu["plain"] / cpu["mmavs"]:.1f}', str(pixels), f'{levels:.2f}']
    return f'| {" | ".join(cells)} |'


def step_times(args: argparse.Namespace) -> list[str]:
    """Rows of the second table: CPU milliseconds per clip of each step in this process, all steps of a clip in turn."""
    plain, ours = build(args, 'augment', 'palette')
    times: dict[str, list[float]] = defaultdict(list)

    def clock(name: str, function: Callable[[], Any]) -> Any:
        start = time.process_time()
        value = function()
        times[name].append((time.process_time() - start) * 1e3)
        return value

    for _ in range(args.rounds):
        for index, clip in enumerate(plain.clips):
            sample = ours.get_data_info(index)
            for step in ours.pipeline.transforms:
                sample = clock(f'mmavs {type(step).__name__}', lambda step=step, sample=sample: step(sample))
            clock('mmavs collate, AVSDataPreprocessor', lambda s=sample: AVSDataPreprocessor()(pseudo_collate([s])))
            images = clock('plain frames: decode', lambda c=clip: [plain.open(p) for p in c['frame_paths']])
            masks = clock('plain masks: decode', lambda c=clip: [plain.open_mask(p) for p in c['mask_paths']])
            draw = Augmentation(*images[0].size, args.size)
            images = clock(
                'plain frames: crop, resize, flip', lambda f=images, d=draw: [d.place(x, Image.BILINEAR) for x in f]
            )
            images = clock('plain frames: colours', lambda f=images, d=draw: [d.colour(x) for x in f])
            masks = clock(
                'plain masks: crop, resize, flip', lambda m=masks, d=draw: [d.place(x, Image.NEAREST) for x in m]
            )
            clock('plain masks: colours to classes', lambda m=masks: [plain.classes(x) for x in m])
            clock('plain audio: wav, log-mel', lambda c=clip: plain.log_mel(c['audio_path']))
            clock('plain frames: normalise, stack', lambda f=images: torch.stack([to_tensor(x) for x in f]))
    return [f'| {name} | {statistics.median(values):.2f} |' for name, values in sorted(times.items())]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print Markdown tables; 1 if a mask differs."""
    args = parse_args(argv)
    start_worker(0)
    print(
        f'{args.workers} workers, {args.rounds} rounds, torch {torch.__version__}, OpenCV {cv2.__version__}\n',
        flush=True,
    )
    print(
        '| pipeline | masks from | plain clips/s | mmavs clips/s | ratio | plain CPU ms/clip | mmavs CPU ms/clip | ratio '
        '| mask pixels that differ | mean difference of frames, grey levels |'
    )
    print('| --- | --- |' + ' ---: |' * 8)
    rows = []
    for mode, masks in [(mode, 'palette') for mode in args.modes] + [(args.modes[-1], 'index')]:
        rows.append(throughput(args, mode, masks))
        print(rows[-1], flush=True)
    print('\n| step, pipeline augment, one process | CPU ms/clip |\n| --- | ---: |')
    print('\n'.join(step_times(args)))
    wrong = any(row.strip('| ').split(' | ')[8] != '0' for row in rows)
    if wrong:
        print('\nThe masks of the two loaders differ.', file=sys.stderr)
    return int(wrong)


if __name__ == '__main__':
    sys.exit(main())
