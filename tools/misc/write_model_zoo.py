"""Bring the model zoo up to date: metafiles from configs and logs, docs/en/model_zoo.md from the metafiles."""

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from mmavs.utils.cli import run_tool
from mmavs.zoo import ModelIndex, read_model_index, refresh_metafiles, render_page

PAGE = 'docs/en/model_zoo.md'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parents[2], help='checkout')
    parser.add_argument('--check', action='store_true', help='write nothing; exit with 1 if anything is out of date')
    return parser.parse_args(argv)


def check_logs(index: ModelIndex) -> None:
    """Check that every log exists.

    Raises:
        FileNotFoundError: The log of a run does not exist.
    """
    for run in index.runs.values():
        if not (index.root / run.log).is_file():
            raise FileNotFoundError(f'the run {run.name!r} names the log {run.log}, which is not below {index.root}')


def settle(path: Path, text: str, check: bool) -> int:
    """Write a file that is out of date, or with ``check`` show how it differs; return 1 if it was and still is."""
    old = path.read_text(encoding='utf-8') if path.is_file() else ''
    if old == text:
        return 0
    if check:
        lines = list(
            difflib.unified_diff(old.splitlines(), text.splitlines(), str(path), 'should be', lineterm='', n=0)
        )
        print('\n'.join(lines[:20]))
        print(f'{path} is out of date: run python tools/misc/write_model_zoo.py')
        return 1
    path.write_text(text, encoding='utf-8')
    print(f'wrote {path}')
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check; return the exit code."""
    args = parse_args(argv)
    check_logs(read_model_index(args.root))
    stale = sum(settle(path, text, args.check) for path, text in refresh_metafiles(args.root).items())
    stale += settle(args.root / PAGE, render_page(read_model_index(args.root)), args.check)
    return int(stale > 0)


if __name__ == '__main__':
    run_tool(main)
