"""Measure, stage by stage, whether the groups of a trained AMA follow objects and its response lies on what sounds.

Other groupings of the same weights: --cfg-options model.neck.clustering.type=KMeans, say. Prints a Markdown table.
"""

import argparse
import json
from pathlib import Path

from mmengine import DictAction
from mmengine.runner import Runner

from mmavs.apis import init_model
from mmavs.evaluation.conditions import condition_dataloader_cfg
from mmavs.evaluation.groups import measure_stages
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose neck is an AMANeck')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('--condition', help="one of the config's conditions in place of its test set")
    parser.add_argument('--out', type=Path, help='write the figures to this json file')
    parser.add_argument('--device', default='cpu', help='torch device')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    model = init_model(cfg, args.checkpoint, args.device)
    loader = condition_dataloader_cfg(cfg, args.condition) if args.condition else cfg.test_dataloader
    figures = measure_stages(model, Runner.build_dataloader(loader))
    print('| stage | response AUROC | best IoU of a group | border share | frames |')
    print('| --- | ---: | ---: | ---: | ---: |')
    for stage, row in figures.items():
        print(
            f'| {stage} | {row["response_auroc"]:.3f} | {row["best_iou"]:.3f} | {row["border_share"]:.3f} '
            f'| {row["num_frames"]} |'
        )
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1))


if __name__ == '__main__':
    run_tool(main)
