"""Test a checkpoint under all named conditions of a config and print one table.

Conditions are other test sets or other audio for the same clips (``mmavs/evaluation/conditions.py``): the right
audio beside silence, noise, off-screen sound and the audio of clips in which other classes sound.
"""

import argparse
import json
from pathlib import Path

from mmengine import DictAction
from mmengine.logging import print_log

from mmavs.apis import init_model
from mmavs.evaluation.conditions import evaluate_condition, markdown_table
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config

COLUMNS = ('avs/J_frame', 'avs/J_nonempty', 'avs/F_max_exact', 'avs/FP_area_empty', 'avs/FPR_area')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with test_dataloader, test_evaluator and conditions')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('--out', type=Path, help='write the metrics of all conditions to this json file')
    parser.add_argument(
        '--clip-scores', type=Path, metavar='DIR', help='write the scores of the single clips to DIR/CONDITION.npz'
    )
    parser.add_argument('--conditions', nargs='+', help='names of the conditions to run (default: all of the config)')
    parser.add_argument('--columns', nargs='+', default=COLUMNS, help='metric keys shown in the table')
    parser.add_argument('--device', default='cpu', help='torch device')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    return parser.parse_args()


def main() -> None:
    """Evaluate, print, write."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    model = init_model(cfg, args.checkpoint, device=args.device)
    names = args.conditions or list(cfg.get('conditions', {}))
    if not names:
        raise ValueError(f'{args.config} has no conditions; add "conditions = dict(matched=dict())" to it')
    results = {}
    for i, name in enumerate(names, 1):
        scores = args.clip_scores / f'{name}.npz' if args.clip_scores else None
        results[name] = evaluate_condition(model, cfg, name, clip_scores=scores)
        print_log(f'[{i}/{len(names)}] {name}: {results[name]}', logger='current')
    print(markdown_table(results, args.columns))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=1))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    run_tool(main)
