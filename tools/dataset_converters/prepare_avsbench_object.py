"""Arrange AVSBench-object (S4, MS3) as downloaded, check it against the published sizes, cache its log-mels.

Exit code 0: complete (or a subset, with --subset-ok). Exit code 1: something is missing; the last lines say what.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmavs.preparation import MS3, S4, prepare
from mmavs.preparation.cli import add_arguments, chosen_layouts, options_of
from mmavs.preparation.raw_videos import AUDIO_RULES
from mmavs.utils.cli import run_tool

LAYOUTS = (S4, MS3)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, LAYOUTS, ('log_mel',), 'data/AVSBench')
    parser.add_argument(
        '--audio',
        choices=('wav', 'log_mel'),
        default='wav',
        help='which of the two a clip must have (default %(default)s)',
    )
    parser.add_argument(
        '--from-raw',
        type=Path,
        metavar='DIR',
        help='make frames, wav and log-mel files from the videos in this folder; csv and masks come from the sources',
    )
    parser.add_argument(
        '--audio-rule',
        choices=AUDIO_RULES,
        default='official',
        help='--from-raw: how videos become 16 kHz wav: as published, or with a low-pass (default %(default)s)',
    )
    args = parser.parse_args(argv)
    if args.from_raw and 'log_mel' not in args.cache:
        args.cache = [*args.cache, 'log_mel']
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare the sets and return the exit code."""
    args = parse_args(argv)
    return prepare(chosen_layouts(args, LAYOUTS), options_of(args))


if __name__ == '__main__':
    run_tool(main)
