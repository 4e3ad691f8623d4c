"""Draw clips of a config as the model sees them: frames after the pipeline with their masks, and the log-mel of each second."""

import argparse
import os
import sys
from collections.abc import Sequence

import matplotlib
import numpy as np
from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

import mmavs  # noqa: F401  (sets up the environment before anything else of the family is imported)
from mmavs.datasets import voc_palette
from mmavs.registry import DATASETS
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config
from mmavs.utils.dataset_config import clip_dataset

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

_ALPHA = 0.5
_LOG_RANGE = (-4.6, 3.0)  # log-mel from silence to loud


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--out-dir', required=True, help='folder for the PNG sheets, one per clip')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train')
    parser.add_argument('--num', type=int, default=8, help='clips, evenly spaced over the split')
    parser.add_argument('--seed', type=int, default=0, help='seed of the random transforms')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    return parser.parse_args(argv)


def draw_clip(sample: dict) -> Figure:
    """Draw one packed clip.

    Args:
        sample: What ``PackAVSInputs`` returns, with frames, audio and masks as far as there are any.

    Returns:
        One column per frame; rows: frame, frame with mask, log-mel.
    """
    inputs, annotation = sample['inputs'], sample['data_samples']
    frames, audio = inputs.get('frames'), inputs.get('audio')
    rows = (['frame', 'mask'] if frames is not None else []) + (['log-mel'] if audio is not None else [])
    num_frames = len(annotation.frame_valid)
    figure, axes = plt.subplots(
        len(rows),
        num_frames,
        figsize=(1.9 * num_frames + 0.6, 2.0 * len(rows) + 0.7),
        squeeze=False,
        layout='constrained',
    )
    category = f', {annotation.category}' if 'category' in annotation else ''
    audio_of = annotation.get('audio_clip_id', annotation.clip_id)
    exchanged = '' if audio_of == annotation.clip_id else f', audio of {audio_of}'
    figure.suptitle(f'{annotation.clip_id} ({annotation.subset} {annotation.split}{category}{exchanged})', fontsize=9)
    palette = np.array(voc_palette(max(2, len(annotation.classes))), np.uint8)
    for t in range(num_frames):
        for row, name in enumerate(rows):
            axis = axes[row, t]
            axis.set_xticks([])
            axis.set_yticks([])
            if t == 0:
                axis.set_ylabel(name, fontsize=8)
            if name == 'log-mel':
                axis.imshow(audio[t, 0].numpy().T, origin='lower', aspect='auto', cmap='magma', clim=_LOG_RANGE)
                axis.set_xlabel(_heard(annotation, t), fontsize=7)
                continue
            frame = frames[t].permute(1, 2, 0).numpy()
            if name == 'mask' and 'gt_masks' in annotation:
                frame = _overlay(frame, annotation.gt_masks[t].numpy(), palette)
                axis.set_xlabel(_seen(annotation, t), fontsize=7)
            axis.imshow(frame, interpolation='nearest')
    return figure


def _overlay(frame: np.ndarray, mask: np.ndarray, palette: np.ndarray) -> np.ndarray:
    colours = np.where((mask == 255)[..., None], 255, palette[np.where(mask == 255, 0, mask)])
    mixed = (1 - _ALPHA) * frame + _ALPHA * colours
    return np.where((mask > 0)[..., None], mixed, frame * 0.6).astype(np.uint8)


def _seen(annotation: object, t: int) -> str:
    if not annotation.frame_labelled[t]:
        return 'no label'
    names = [annotation.classes[i] for i in np.unique(annotation.gt_masks[t].numpy()) if 0 < i < 255]
    note = '' if annotation.frame_annotated[t] else ' (not in the loss)'
    return (', '.join(names) or 'empty') + note


def _heard(annotation: object, t: int) -> str:
    second = annotation.audio_seconds[t] if 'audio_seconds' in annotation else t
    names = ', '.join(annotation.sounding[t]) or 'nothing' if 'sounding' in annotation else ''
    return f'second {second + 1}\n{names}'


def main(argv: Sequence[str] | None = None) -> int:
    """Write the sheets and return the exit code."""
    args = parse_args(argv)
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    dataset = DATASETS.build(clip_dataset(cfg[f'{args.split}_dataloader']['dataset']))
    os.makedirs(args.out_dir, exist_ok=True)
    np.random.seed(args.seed)
    indices = np.linspace(0, len(dataset) - 1, min(args.num, len(dataset))).round().astype(int)
    bar = ProgressBar(len(indices), bar_width=30, file=sys.stderr)
    for index in indices.tolist():
        figure = draw_clip(dataset[index])
        figure.savefig(os.path.join(args.out_dir, f'{args.split}_{index:05d}.png'), dpi=90)
        plt.close(figure)
        bar.update()
    print(f'\n{len(indices)} sheets in {args.out_dir}')
    return 0


if __name__ == '__main__':
    run_tool(main)
