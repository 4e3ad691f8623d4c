"""Test a checkpoint: metrics, and with --show-dir one picture per clip."""

import argparse
import json
import os
from pathlib import Path

from mmengine import DictAction
from mmengine.dist import is_main_process

from mmavs import compat
from mmavs.engine import build_runner
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, or name such as tpavi/tpavi_r50_ms3.py')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('--work-dir', help='where logs go (default: work_dirs/CONFIG)')
    parser.add_argument('--show-dir', type=Path, help='write one picture per test clip into this folder')
    parser.add_argument('--out', type=Path, help='write the metrics to this json file')
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a file that holds arbitrary Python objects; only for files whose origin you trust: it can run code',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main() -> None:
    """Test."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.trust_checkpoint:
        compat.register_safe_checkpoint_loader(trust=True)
    if args.show_dir is not None:
        drawing = dict(type='AVSVisualizationHook', draw=True, out_dir=str(args.show_dir))
        cfg.setdefault('default_hooks', {})
        cfg.default_hooks.visualization = {**cfg.default_hooks.get('visualization', {}), **drawing}
    metrics = build_runner(cfg, 'test').test()
    if args.out is not None and is_main_process():
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(metrics, indent=1))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    run_tool(main)
