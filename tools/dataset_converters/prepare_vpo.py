"""Arrange VPO (SS, MS, MSMI) and the VGGSound recordings it needs, and check that everything its csv files name is there.

Exit code 0: complete (or a subset, with --subset-ok). Exit code 1: something is missing; the last lines say what.
"""

import argparse
from collections.abc import Sequence

from mmavs.preparation import VPO_MS, VPO_MSMI, VPO_SS, prepare
from mmavs.preparation.cli import add_arguments, chosen_layouts, options_of
from mmavs.utils.cli import run_tool

LAYOUTS = (VPO_SS, VPO_MS, VPO_MSMI)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, LAYOUTS, (), 'data/audio_visual')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare the sets and return the exit code."""
    args = parse_args(argv)
    return prepare(chosen_layouts(args, LAYOUTS), options_of(args))


if __name__ == '__main__':
    run_tool(main)
