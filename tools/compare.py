"""Compare trained models: one HTML page with metrics, training curves, intervals and the same clips side by side."""

import argparse
from pathlib import Path

from mmengine import DictAction

from mmavs.report import CompareOptions, compare_runs, open_runs
from mmavs.utils.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'work_dirs', nargs='+', type=Path, help='work dirs of tools/train.py, or seed folders of run_study.py'
    )
    parser.add_argument('--names', nargs='+', help='one name per work dir (default: names of the folders)')
    parser.add_argument(
        '--out', type=Path, default=Path('compare.html'), help='HTML file to write (default: compare.html)'
    )
    parser.add_argument('--reference', help='name of the model the others are compared with (default: the first)')
    parser.add_argument(
        '--weights', choices=('last', 'best'), default='last', help='the newest checkpoint, or best_*.pth'
    )
    parser.add_argument(
        '--test-sets',
        nargs='+',
        metavar='NAME',
        help='conditions of the configs to compare on, or "all" (default: the test set, and the conditions that all models have '
        'been tested on already)',
    )
    parser.add_argument('--metrics', nargs='+', metavar='KEY', help='metric keys of the first table')
    parser.add_argument('--clips', type=int, default=24, help='clips with pictures, over all test sets (default: 24)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the random part of these clips')
    parser.add_argument('--max-mb', type=float, default=8.0, help='largest size of the page in megabytes (default: 8)')
    parser.add_argument('--device', default='cpu', help='torch device')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    return parser.parse_args()


def main() -> None:
    """Test what is missing, compare, write."""
    args = parse_args()
    runs = open_runs(args.work_dirs, args.names, weights=args.weights, cfg_options=args.cfg_options)
    options = CompareOptions(
        reference=args.reference,
        clips=args.clips,
        test_sets=args.test_sets,
        metrics=args.metrics,
        device=args.device,
        seed=args.seed,
        max_mb=args.max_mb,
    )
    page = compare_runs(runs, args.out, options)
    print(f'wrote {page} ({page.stat().st_size / 1e6:.1f} MB)')


if __name__ == '__main__':
    run_tool(main)
