"""Statistics of a data set: one HTML page and a JSON.

Classes, mask areas, changes of who sounds, which classes sound together, and the share of challenging clips. The definition
of "challenging" is that of mmavs, and every threshold of it is an option.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

import mmavs  # noqa: F401  (sets up the environment before anything else of the family is imported)
from mmavs.avstamps.catalog import stamps_catalog
from mmavs.datasets import BaseAVSDataset
from mmavs.datasets.csv_rows import read_rows
from mmavs.datasets.media import IGNORE, read_mask
from mmavs.datasets.recipes import read_recipes
from mmavs.datasets.statistics import ClipStatistics, Thresholds, measure, summarise
from mmavs.datasets.vpo_dataset import SUBSETS
from mmavs.registry import DATASETS
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config
from mmavs.utils.reading import unreadable
from mmavs.visualization.dataset_page import outlined_jpeg, write_dataset_page

SPLITS = ('train', 'val', 'test')
LAYOUTS = {
    's4_meta_data.csv': 'AVSBenchS4Dataset',
    'ms3_meta_data.csv': 'AVSBenchMS3Dataset',
    'metadata.csv': 'AVSSDataset',
    **{f'vpo_{name}_data_stereo.csv': 'VPODataset' for name in SUBSETS},
}
PICTURES = 12


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='config, or folder with the csv of a data set (AVSBench, VPO)')
    parser.add_argument('--out', type=Path, required=True, help='folder for index.html and statistics.json')
    parser.add_argument('--split', nargs='+', choices=SPLITS, default=SPLITS)
    parser.add_argument('--max-clips', type=int, help='clips of each split, evenly spaced; default: all')
    parser.add_argument(
        '--groups',
        help='look-alikes: "avstamps" for the pools of AVStamps, or a JSON file {class: group}; default: by colour',
    )
    limits = Thresholds()
    parser.add_argument('--change-rate', type=float, default=limits.change_rate, help='share of steps with a change')
    parser.add_argument('--similarity', type=float, default=limits.similarity, help='overlap of colours, 0 to 1')
    parser.add_argument('--ring', type=float, default=limits.ring, help='width of the surroundings, share of the frame')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    return parser.parse_args(argv)


def folder_config(folder: Path) -> dict[str, Any]:
    """Config of the data set in a folder, without its split.

    Raises:
        FileNotFoundError: The folder holds none of the csv files.
    """
    found = next((name for name in LAYOUTS if (folder / name).is_file()), None)
    if found is None:
        raise FileNotFoundError(f'{str(folder)!r} holds none of {list(LAYOUTS)}; name the folder with the csv')
    if LAYOUTS[found] == 'VPODataset':  # audio_visual/VPO/VPO-SS/vpo_ss_data_stereo.csv
        return dict(type='VPODataset', data_root=str(folder.resolve().parents[1]), subset=found.split('_')[1])
    config = dict(type=LAYOUTS[found], data_root=str(folder))
    if (folder / 'recipes.json').is_file():
        config['recipes_file'] = 'recipes.json'
        lengths = {len(clip['sounding']) for clip in read_recipes(folder / 'recipes.json')[1].values()}
        if config['type'] != 'AVSSDataset' and len(lengths) == 1:
            config['num_frames'] = lengths.pop()
    return config


def clip_configs(node: Any) -> Iterator[dict[str, Any]]:
    """Configs of the data sets that read clips, inside whatever wraps them."""
    if isinstance(node, list | tuple):
        for item in node:
            yield from clip_configs(item)
    elif isinstance(node, dict) and 'type' in node:
        kind = node['type'] if isinstance(node['type'], type) else DATASETS.get(node['type'])
        if isinstance(kind, type) and issubclass(kind, BaseAVSDataset):
            yield dict(node)
        else:
            yield from clip_configs([node.get('dataset'), node.get('datasets')])


def configs_of(args: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """Split and config of every data set of clips that a config or a folder has."""
    if not Path(args.source).is_dir():
        cfg = load_config(args.source, args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmavs'))
        loaders = {split: cfg.get(f'{split}_dataloader') for split in args.split}
        return [
            (split, config)
            for split, loader in loaders.items()
            if loader is not None
            for config in clip_configs(loader['dataset'].to_dict())
        ]
    init_default_scope('mmavs')
    folder = Path(args.source)
    config = folder_config(folder)
    table = next(folder / name for name in LAYOUTS if (folder / name).is_file())
    named = {field for _, row in read_rows(str(table)) for field in row}
    if config['type'] == 'VPODataset' and named & {'val', 'test'}:  # the same clips by two names
        named = named - {'test'} | {'val'} if 'val' in args.split else named | {'test'}
    return [(split, dict(config, split=split)) for split in args.split if split in named]


def open_splits(args: argparse.Namespace) -> dict[str, list[BaseAVSDataset]]:
    """Open the data sets of each split; one that a config names twice (with other audio, say) counts once.

    Raises:
        ValueError: Neither config nor folder has clips of the splits.
    """
    splits: dict[str, list[BaseAVSDataset]] = {}
    known = set()
    for split, config in configs_of(args):
        for key in ('audio_from', 'audio_seed'):
            config.pop(key, None)
        config['pipeline'] = []
        if (split, repr(sorted(config.items()))) not in known:
            known.add((split, repr(sorted(config.items()))))
            splits.setdefault(split, []).append(DATASETS.build(config))
    if not splits:
        raise ValueError(f'{args.source!r} has no clips of {list(args.split)}; check --split')
    return splits


def read_groups(name: str | None) -> dict[str, str] | None:
    """Groups of look-alikes by class name.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no JSON of names.
    """
    if name is None:
        return None
    if name == 'avstamps':
        return {cls.name: cls.pool for cls in stamps_catalog(()).classes}
    try:
        groups = json.loads(Path(name).read_text())
    except OSError as error:
        raise unreadable('groups', name, error, 'give a JSON file {class: group}') from error
    except ValueError as error:
        raise ValueError(f'groups file {name!r} is not valid JSON ({error})') from error
    if not isinstance(groups, dict) or not all(isinstance(group, str) for group in groups.values()):
        raise ValueError(f'groups file {name!r} must hold {{class: group}} with names as values')
    return groups


def pictures_of(clips: Sequence[tuple[BaseAVSDataset, ClipStatistics]]) -> list[tuple[str, bytes]]:
    """Draw the frames whose objects are most like their surroundings."""
    pictures = []
    for dataset, clip in sorted(clips, key=lambda pair: -pair[1].similarity)[:PICTURES]:
        if clip.example is None:
            continue
        frame_path, mask_path = clip.example
        labels = read_mask(mask_path, dataset.mask_mode, len(dataset.metainfo['classes']), max_unmatched=1.0)
        picture = outlined_jpeg(frame_path, (labels > 0) & (labels != IGNORE))
        pictures.append((f'{clip.clip_id}: overlap {clip.similarity:.2f}', picture))
    return pictures


def sources_of(splits: dict[str, list[BaseAVSDataset]]) -> list[str]:
    """Sentences on where the figures come from."""
    parts = [part for found in splits.values() for part in found]
    folders = sorted({f'{type(part).__name__} in {part.data_root}' for part in parts})
    exact = all(part.recipes_file is not None for part in parts)
    who = (
        'Who sounds in which second is taken from the recipes of the generator.'
        if exact
        else 'Who sounds in which second is taken from the labelled masks (in S4 the class from the csv); frames without a '
        'label count nowhere.'
    )
    return [f'Measured at the stored resolution: {"; ".join(folders)}.', who]


def listed(clips: Sequence[ClipStatistics], thresholds: Thresholds) -> dict[str, dict[str, Any]]:
    """Figures of every clip by its key; where two data sets share keys, the later one gets `` (2)`` behind it, and so on."""
    figures: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for clip in clips:
        seen[clip.key] += 1
        key = clip.key if seen[clip.key] == 1 else f'{clip.key} ({seen[clip.key]})'
        figures[key] = dict(
            clip_id=clip.clip_id,
            split=clip.split,
            similarity=round(clip.similarity, 4),
            changes=clip.changes,
            lookalike=clip.has_lookalike(thresholds),
            changing=clip.is_changing(thresholds),
        )
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write page and JSON, and return the exit code."""
    args = parse_args(argv)
    thresholds = Thresholds(change_rate=args.change_rate, similarity=args.similarity, ring=args.ring)
    if args.max_clips is not None and args.max_clips < 1:
        raise ValueError(f'--max-clips must be positive, got {args.max_clips}')
    groups = read_groups(args.groups)
    splits = open_splits(args)
    measured: dict[str, list[tuple[BaseAVSDataset, ClipStatistics]]] = {}
    for split, parts in splits.items():
        number = sum(min(len(part), args.max_clips or len(part)) for part in parts)
        print(f'{split}: {number} clips', file=sys.stderr)
        bar = ProgressBar(number, bar_width=30, file=sys.stderr)
        measured[split] = [
            (part, clip) for part in parts for clip in measure(part, thresholds, groups, args.max_clips, bar.update)
        ]
        print(file=sys.stderr)
    pairs = [pair for found in measured.values() for pair in found]
    clips = [clip for _, clip in pairs]
    summaries = {split: summarise([clip for _, clip in found], thresholds) for split, found in measured.items()}
    total = summarise(clips, thresholds)
    args.out.mkdir(parents=True, exist_ok=True)
    table = dict(splits=summaries, all=total, clips=listed(clips, thresholds))
    (args.out / 'statistics.json').write_text(json.dumps(table, indent=1), encoding='utf-8')
    title = f'Data set {Path(args.source).stem}'
    page = args.out / 'index.html'
    write_dataset_page(page, title, summaries, total, pictures_of(pairs), sources_of(splits))
    share = total['challenging']
    print(
        f'{len(clips)} clips, challenging {share["either"]:.1%} (look-alike {share["lookalike"]:.1%}, frequent changes '
        f'{share["changing"]:.1%}); page: {page}'
    )
    return 0


if __name__ == '__main__':
    run_tool(main)
