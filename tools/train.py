"""Train a model from a config."""

import argparse
import os
from pathlib import Path

from mmengine import DictAction

from mmavs.engine import build_runner, find_resume_checkpoint
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config

RESUME_AUTO = 'auto'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='Precedence: config, then --cfg-options, then the dedicated option.'
    )
    parser.add_argument('config', help='config file, or name such as tpavi/tpavi_r50_ms3.py')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/CONFIG)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=RESUME_AUTO,
        help='go on from this checkpoint, or (no value) from the newest complete one of the work dir, if there is one',
    )
    parser.add_argument('--amp', action='store_true', help='bf16 mixed precision')
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def say(text: str) -> None:
    """Print on the first process only; the process group does not exist yet."""
    if int(os.environ.get('RANK', '0')) == 0:
        print(text)


def main() -> None:
    """Train."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    if args.amp:
        cfg.optim_wrapper.type = 'BF16OptimWrapper'
        cfg.optim_wrapper.pop('loss_scale', None)  # of AmpOptimWrapper; bf16 needs none
    if args.resume is not None:
        checkpoint = find_resume_checkpoint(cfg.work_dir) if args.resume == RESUME_AUTO else args.resume
        if checkpoint is None:
            say(f'nothing to resume in {cfg.work_dir}: training starts from the beginning')
        else:
            say(f'resuming from {checkpoint}')
            cfg.resume, cfg.load_from = True, checkpoint
    build_runner(cfg).train()


if __name__ == '__main__':
    run_tool(main)
