"""Compare models with golden cases of published implementations and print the relative errors."""

import argparse

from mmavs.testing.golden import GoldenCase
from mmavs.testing.golden_networks import check_case
from mmavs.utils.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('manifests', nargs='+', help='CASE.json; CASE.npz lies beside it')
    parser.add_argument('--tolerance', type=float, default=1e-4, help='largest relative L2 error (default %(default)s)')
    return parser.parse_args()


def main() -> int:
    """Check all cases; the exit code is 1 if one is above the tolerance."""
    args = parse_args()
    worst = 0.0
    for path in args.manifests:
        for name, error in check_case(GoldenCase.load(path)).items():
            print(f'{"ok  " if error <= args.tolerance else "FAIL"} {path} {name}: {error:.2e}')
            worst = max(worst, error)
    print(f'worst relative error {worst:.2e}, tolerance {args.tolerance:g}')
    return int(worst > args.tolerance)


if __name__ == '__main__':
    run_tool(main)
