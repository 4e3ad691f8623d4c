"""Print a config as it is after inheritance and overrides, or where it differs from another one."""

import argparse

from mmengine import Config, DictAction

from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, or name such as tpavi/tpavi_r50_ms3.py')
    parser.add_argument('--diff', metavar='CONFIG', help='print the differences from this config only')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    return parser.parse_args()


def main() -> None:
    """Print."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    print(cfg.pretty_text if args.diff is None else Config.diff(load_config(args.diff), cfg))


if __name__ == '__main__':
    run_tool(main)
