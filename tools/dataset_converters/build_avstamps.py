"""Build AVStamps, the embedded benchmark, from real photographs and recordings (or, procedurally, from shapes and tones)."""

import argparse
import time
from pathlib import Path

from mmavs.avstamps.build import DEFAULT_CACHE, build_benchmark, main_summary
from mmavs.avstamps.sets import GROUPS, OFFSCREEN, SETS, SIZES
from mmavs.utils.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('data/avstamps'), help='folder to write (default %(default)s)')
    parser.add_argument('--size', choices=SIZES, default='quick', help='number of clips (default %(default)s)')
    known = [spec.name for spec in SETS] + [*GROUPS, OFFSCREEN]
    parser.add_argument('--sets', nargs='+', metavar='SET', help=f'only these sets: {", ".join(known)}')
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same bytes')
    parser.add_argument('--workers', type=int, default=1, help='processes; the result does not depend on it')
    parser.add_argument('--canvas', type=int, help='side of the frames in pixels (default: 64, 128 or 224 by size)')
    parser.add_argument('--cache-dir', type=Path, default=DEFAULT_CACHE, help='for downloads (default %(default)s)')
    media = parser.add_mutually_exclusive_group()
    media.add_argument('--source', type=Path, help='folder of the unpacked Debian packages')
    media.add_argument('--procedural', action='store_true', help='shapes and tones; needs no package')
    media.add_argument(
        '--fallback-procedural', action='store_true', help='go on procedurally, and say so, where there are no packages'
    )
    return parser.parse_args()


def main() -> None:
    """Build."""
    args = parse_args()
    started = time.time()
    options = dict(seed=args.seed, workers=args.workers, canvas=args.canvas, cache_dir=args.cache_dir)
    try:
        counts = build_benchmark(
            args.out, args.size, args.sets, source=args.source, procedural=args.procedural, **options
        )
    except FileNotFoundError as error:
        if not args.fallback_procedural:
            raise
        print(f'no real media ({error}): building the procedural set instead', flush=True)
        counts = build_benchmark(args.out, args.size, args.sets, procedural=True, **options)
    print(main_summary(counts, args.out, started))


if __name__ == '__main__':
    run_tool(main)
