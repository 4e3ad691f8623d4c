"""Compare models and clustering with golden cases of published implementations and print the relative errors."""

import argparse

from mmavs.testing import golden_clustering, golden_networks
from mmavs.testing.golden import INFORMATIVE, GoldenCase
from mmavs.utils.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('manifests', nargs='+', help='CASE.json; CASE.npz lies beside it')
    parser.add_argument(
        '--tolerance',
        type=float,
        default=1e-4,
        help='largest relative L2 error, or share of wrong labels (default %(default)s)',
    )
    return parser.parse_args()


def check_manifest(path: str) -> dict[str, float]:
    """Return the errors of a case, whatever its kind."""
    case = GoldenCase.load(path)
    if case.manifest['method'] == golden_clustering.METHOD:
        return golden_clustering.check_case(path)
    return golden_networks.check_case(case)


def main() -> int:
    """Check all cases; the exit code is 1 if one is above the tolerance."""
    args = parse_args()
    worst = 0.0
    for path in args.manifests:
        for name, error in check_manifest(path).items():
            decides = not name.endswith(INFORMATIVE)
            verdict = 'info' if not decides else 'ok  ' if error <= args.tolerance else 'FAIL'
            print(f'{verdict} {path} {name.removesuffix(INFORMATIVE)}: {error:.2e}')
            worst = max(worst, error) if decides else worst
    print(f'worst relative error {worst:.2e}, tolerance {args.tolerance:g}')
    return int(worst > args.tolerance)


if __name__ == '__main__':
    run_tool(main)
