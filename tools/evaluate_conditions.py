"""Test checkpoints under all named conditions of a config and print one table.

Conditions are other test sets or other audio for the same clips (``mmavs/evaluation/conditions.py``): the right
audio beside silence, noise, off-screen sound and the audio of clips in which other classes sound.

A config without conditions is tested under those of AVSBench-Robust. ``--negatives`` chooses them for any config: with
``corrected`` negatives pass the front end of the positives, with ``official`` they get the published log-mels; both may be
given. Where right audio, silence, noise and off-screen sound were tested on the same clips, a last row has G-mIoU, G-F
and G-FPR in the columns of what they combine.
"""

import argparse
import json
from pathlib import Path

from mmengine import Config, DictAction
from mmengine.logging import print_log

from mmavs.apis import init_model
from mmavs.datasets.transforms.negative_audio import CONSTRUCTIONS
from mmavs.evaluation.conditions import evaluate_condition, markdown_table
from mmavs.evaluation.robustness import G_PREFIX, add_robust_metric, g_rows, robust_conditions, shown_row
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config

COLUMNS = ('avs/J_frame', 'avs/J_nonempty', 'avs/F_max_exact', 'avs/FP_area_empty', 'avs/FPR_area')
# of data sets with classes, in the order of the metrics that they may be tested with
CLASS_COLUMNS = (
    'avs/mJ_class_valid', 'avs/mF_class_valid', 'avs/mIoU_dataset', 'avs/F03_dataset', 'avs/JF_beta', 'avs/mIoU_original',
    'avs/FPR_area',
)  # fmt: skip
COMPARED = ('avs/mIoU_original', 'avs/F_max_exact', 'avs/FPR_area')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with test_dataloader and test_evaluator')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('--name', default='model', help='name of this model in a table of several')
    parser.add_argument(
        '--also',
        nargs=3,
        action='append',
        default=[],
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='a further model with columns of its own; may be given several times',
    )
    parser.add_argument(
        '--negatives', nargs='+', choices=CONSTRUCTIONS, help='test under the conditions of AVSBench-Robust'
    )
    parser.add_argument(
        '--max-clips', type=int, help='with --negatives: test that many clips, the same in all conditions'
    )
    parser.add_argument('--mean', choices=('harmonic', 'geometric'), default='harmonic', help='mean of the G scores')
    parser.add_argument('--out', type=Path, help='write the metrics of all conditions to this json file')
    parser.add_argument(
        '--clip-scores', type=Path, metavar='DIR', help='write the scores of the single clips to DIR/CONDITION.npz'
    )
    parser.add_argument('--conditions', nargs='+', help='names of the conditions to run (default: all of the config)')
    parser.add_argument('--columns', nargs='+', help='metric keys shown in the table (default: what fits the data set)')
    parser.add_argument('--device', default='cpu', help='torch device')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    args = parser.parse_args()
    if args.max_clips is not None and args.negatives is None:
        parser.error('--max-clips belongs to --negatives; conditions of a config have max_clips of their own')
    return args


def prepare(config: str, args: argparse.Namespace) -> Config:
    """Load a config and give it the conditions asked for."""
    cfg = load_config(config, args.cfg_options)
    if args.negatives is not None or not cfg.get('conditions'):
        cfg.conditions = robust_conditions(args.negatives or CONSTRUCTIONS[:1], args.max_clips)
    if any('negative_audio' in condition for condition in cfg.conditions.values()):
        add_robust_metric(cfg)
    return cfg


def evaluate(name: str, config: str, checkpoint: str, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Test one model under all conditions; the G scores are the last rows."""
    cfg = prepare(config, args)
    model = init_model(cfg, checkpoint, device=args.device)
    names = args.conditions or list(cfg.conditions)
    folder = args.clip_scores / name if args.clip_scores and args.also else args.clip_scores
    results = {}
    for i, condition in enumerate(names, 1):
        scores = folder / f'{condition}.npz' if folder else None
        results[condition] = evaluate_condition(model, cfg, condition, clip_scores=scores)
        print_log(f'{name} [{i}/{len(names)}] {condition}: {results[condition]}', logger='current')
    return {**results, **g_rows(cfg, results, args.mean)}


def default_columns(results: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Columns for ``{model: {condition: metrics}}``: those of its kind of data set that anything was measured in."""
    found = {key for conditions in results.values() for metrics in conditions.values() for key in metrics}
    wanted = COMPARED if len(results) > 1 else COLUMNS if 'avs/J_frame' in found else CLASS_COLUMNS
    return [key for key in wanted if key in found]


def table(results: dict[str, dict[str, dict[str, float]]], columns: list[str] | None) -> str:
    """Render ``{model: {condition: metrics}}``: conditions are rows, metrics of each model are columns."""
    single = len(results) == 1
    columns = columns or default_columns(results)
    rows: dict[str, dict[str, float]] = {}
    for name, conditions in results.items():
        for condition, metrics in conditions.items():
            shown = shown_row(metrics, columns) if condition.startswith(G_PREFIX) else metrics
            values = {key if single else f'{name} {key.split("/")[-1]}': shown[key] for key in columns if key in shown}
            rows.setdefault(condition, {}).update(values)
    keys = columns if single else [f'{name} {key.split("/")[-1]}' for name in results for key in columns]
    return markdown_table(rows, keys)


def main() -> None:
    """Evaluate, print, write."""
    args = parse_args()
    models = [(args.name, args.config, args.checkpoint), *args.also]
    names = [name for name, _, _ in models]
    if len(set(names)) < len(names):
        raise ValueError(f'each model needs a name of its own (--name, --also NAME ...), got {names}')
    results = {name: evaluate(name, config, checkpoint, args) for name, config, checkpoint in models}
    print(table(results, args.columns))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results if args.also else results[args.name], indent=1))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    run_tool(main)
