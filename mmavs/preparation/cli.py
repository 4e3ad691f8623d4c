"""Command-line arguments that the preparation tools share."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from .archive_safety import Limits
from .layouts import Layout
from .prepare import Options


def add_arguments(
    parser: argparse.ArgumentParser, layouts: Sequence[Layout], caches: Sequence[str], default_out: str
) -> None:
    """Add the common arguments.

    Args:
        parser: Changed.
        layouts: Data sets that can be chosen.
        caches: Caches that can be chosen; none: the option does not exist.
        default_out: Default of ``--out``.
    """
    parser.add_argument(
        'sources',
        nargs='*',
        type=Path,
        metavar='SOURCE',
        help='archives (zip, tar, tar.gz, ...), folders and csv files of the download, in any order; never changed. None: '
        'check what is in --out',
    )
    parser.add_argument('--out', type=Path, default=Path(default_out), help='folder to fill (default %(default)s)')
    parser.add_argument(
        '--sets',
        nargs='+',
        choices=[layout.name for layout in layouts],
        default=[layout.name for layout in layouts],
        help='which sets (default: all of them)',
    )
    parser.add_argument('--mode', choices=('link', 'copy'), default='link', help='default %(default)s')
    parser.add_argument(
        '--expect',
        choices=('published', 'found'),
        default='published',
        help='sizes that count as complete: those published, or whatever the csv names (default %(default)s)',
    )
    parser.add_argument(
        '--subset-ok', action='store_true', help='a partial download is fine: the csv is cut down to the complete clips'
    )
    if caches:
        parser.add_argument('--cache', nargs='+', choices=caches, default=[], help='store results of the pipeline')
    parser.add_argument(
        '--workers', type=int, default=min(8, os.cpu_count() or 1), help='processes (default %(default)s)'
    )
    parser.add_argument(
        '--max-unpacked-gb',
        type=float,
        default=Limits.max_bytes / 1e9,
        help='an archive that holds more, with the archives in it, is refused (default %(default)s)',
    )


def chosen_layouts(args: argparse.Namespace, layouts: Sequence[Layout]) -> list[Layout]:
    """Layouts that ``--sets`` names, in their own order."""
    return [layout for layout in layouts if layout.name in args.sets]


def options_of(args: argparse.Namespace) -> Options:
    """Options from parsed arguments; those that a tool does not have keep their defaults."""
    options = Options(
        sources=args.sources,
        out=args.out,
        mode=args.mode,
        expect=args.expect,
        subset_ok=args.subset_ok,
        workers=args.workers,
        limits=Limits(max_bytes=int(args.max_unpacked_gb * 1e9)),
    )
    for name, value in dict(vars(args)).items():
        if name in ('audio', 'from_raw', 'audio_rule'):
            setattr(options, name, value)
    options.caches = getattr(args, 'cache', ())
    return options
