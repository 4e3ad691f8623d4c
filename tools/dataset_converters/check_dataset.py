"""Check the data sets of a config before training: every damaged file by name.

Known defects of the published sets are listed apart ("known") and do not count. Exit code 0: everything is in order. Exit
code 1: there are problems, or a data set cannot be opened.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

import mmavs  # noqa: F401  (sets up the environment before anything else of the family is imported)
from mmavs.datasets.checks import Problem, check_dataset, unwrap
from mmavs.datasets.known_defects import known_defects, leaked_clips
from mmavs.registry import DATASETS
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--split', nargs='+', choices=('train', 'val', 'test'), help='default: every split that the config has'
    )
    parser.add_argument('--files-only', action='store_true', help='do not run the pipeline on clips without damage')
    parser.add_argument(
        '--strict-split',
        action='store_true',
        help='count it as a problem if a training clip has its source video in val or test (AVSS); strict_split=True of the '
        'data set leaves such clips out',
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    return parser.parse_args(argv)


def describe_known(parts: Sequence[Any], found: Sequence[Problem]) -> list[str]:
    """One line for each known defect of the csv files and of the masks."""
    lines = [
        f'known ({d.name}): {d.message}. E.g. {", ".join(d.examples)}' for part in parts for d in known_defects(part)
    ]
    files: dict[str, list[Problem]] = {}
    for problem in found:
        files.setdefault(problem.known, []).append(problem)
    return lines + [f'known ({name}): {len(group)} files. E.g. {group[0].message}' for name, group in files.items()]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit code."""
    args = parse_args(argv)
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    splits = args.split or [name for name in ('train', 'val', 'test') if cfg.get(f'{name}_dataloader') is not None]
    problems, known, clips = [], {}, 0
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            problems.append(f'[{split}] the config has no {split}_dataloader')
            continue
        try:
            dataset = DATASETS.build(loader['dataset'])
        except (FileNotFoundError, ValueError) as error:
            problems.append(f'[{split}] {error}')
            continue
        parts = unwrap(dataset)
        number = sum(len(part) for part in parts)
        clips += number
        print(f'{split}: {number} clips', file=sys.stderr)
        bar = ProgressBar(number, bar_width=30, file=sys.stderr)
        found = list(check_dataset(dataset, on_clip=bar.update, run_pipeline=not args.files_only))
        problems.extend(f'[{split}] {problem.clip_id}: {problem.message}' for problem in found if not problem.known)
        known.update(dict.fromkeys(describe_known(parts, [problem for problem in found if problem.known])))
        if args.strict_split:
            problems.extend(
                f'[{split}] {clip_id}: its source video {video!r} is in val or test too; set strict_split=True'
                for part in parts
                for clip_id, video in leaked_clips(part)
            )
        print(file=sys.stderr)
    for line in (*known, *problems):
        print(line)
    print(
        f'{"FAILED" if problems else "OK"}: {len(problems)} problems in {clips} clips of {", ".join(splits) or "no split"}'
        + (f', {len(known)} known defects' if known else '')
    )
    return 1 if problems else 0


if __name__ == '__main__':
    run_tool(main)
