"""Check the data sets of a config before training: every damaged file by name.

Exit code 0: everything is in order. Exit code 1: there are problems, or a data set cannot be opened.
"""

import argparse
import sys
from collections.abc import Sequence

from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

import mmavs  # noqa: F401  (sets up the environment before anything else of the family is imported)
from mmavs.datasets.checks import check_dataset, unwrap
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
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides of the config, key=value')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit code."""
    args = parse_args(argv)
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    splits = args.split or [name for name in ('train', 'val', 'test') if cfg.get(f'{name}_dataloader') is not None]
    problems, clips = [], 0
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
        number = sum(len(part) for part in unwrap(dataset))
        clips += number
        print(f'{split}: {number} clips', file=sys.stderr)
        bar = ProgressBar(number, bar_width=30, file=sys.stderr)
        found = check_dataset(dataset, on_clip=bar.update, run_pipeline=not args.files_only)
        problems.extend(f'[{split}] {problem.clip_id}: {problem.message}' for problem in found)
        print(file=sys.stderr)
    for problem in problems:
        print(problem)
    print(
        f'{"FAILED" if problems else "OK"}: {len(problems)} problems in {clips} clips of {", ".join(splits) or "no split"}'
    )
    return 1 if problems else 0


if __name__ == '__main__':
    run_tool(main)
