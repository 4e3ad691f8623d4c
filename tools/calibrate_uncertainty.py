"""Fit the combination of mask and uncertainty on the validation split and write a checkpoint that carries it.

Of the candidates that lose no J against the plain mask, the one with the fewest false positives is taken. Only the buffers of
the decode head's combination are written anew, so that one trained checkpoint serves for every combination
(--cfg-options model.decode_head.combination.type=...). Use the written file wherever a checkpoint of that config is expected.
"""

import argparse
import json
import os
from pathlib import Path

import torch
from mmengine import DictAction
from mmengine.runner import Runner

from mmavs.apis import init_model
from mmavs.compat import load_file_safely
from mmavs.evaluation.calibration import COLUMNS, calibrate
from mmavs.evaluation.conditions import markdown_table
from mmavs.utils.cli import run_tool
from mmavs.utils.config import load_config

COMBINATION = 'decode_head.combination.'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with val_dataloader')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument('--objective', default='false_positives', choices=('false_positives', 'J'), help='what is best')
    parser.add_argument('--figures', type=Path, help='write values and figures to this json file')
    parser.add_argument('--device', default='cpu', help='torch device')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override config keys: key=value ...')
    return parser.parse_args()


def load_weights(model: torch.nn.Module, path: str) -> dict:
    """Load all weights but those of the combination, which are fitted anew; return the checkpoint's meta data.

    Raises:
        ValueError: The checkpoint belongs to another model.
    """
    checkpoint = load_file_safely(path, map_location='cpu')
    state = checkpoint.get('state_dict', checkpoint)
    state = {name: value for name, value in state.items() if not name.startswith(COMBINATION)}
    try:
        result = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ValueError(f'checkpoint {path} does not belong to this model: {error}') from error
    missing = [name for name in result.missing_keys if not name.startswith(COMBINATION)]
    if missing or result.unexpected_keys:
        raise ValueError(
            f'checkpoint {path} does not belong to this model: missing {missing}, left over {result.unexpected_keys}'
        )
    return checkpoint.get('meta', {})


def write_calibrated(model: torch.nn.Module, meta: dict, out: Path, report: dict) -> None:
    """Write the model's weights under a name that appears when the file is complete."""
    state = {name: value.cpu() for name, value in model.state_dict().items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f'.{out.name}.partial')
    torch.save(dict(meta={**meta, 'calibration': report}, state_dict=state), partial)
    os.replace(partial, out)


def main() -> None:
    """Calibrate, print, write."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    if cfg.get('val_dataloader') is None:
        raise ValueError(f'{args.config} has no val_dataloader; the combination is fitted on the validation split only')
    model = init_model(cfg, device=args.device)
    meta = load_weights(model, args.checkpoint)
    dataloader = Runner.build_dataloader(cfg.val_dataloader, seed=0)
    report = calibrate(model, dataloader, args.objective)
    print(markdown_table({'mask alone': report['plain'], 'combined': report['combined']}, COLUMNS))
    print(f'{type(model.decode_head.combination).__name__}: {report["values"]} of {report["candidates"]} candidates')
    write_calibrated(model, meta, args.out, report)
    print(f'wrote {args.out}')
    if args.figures:
        args.figures.parent.mkdir(parents=True, exist_ok=True)
        args.figures.write_text(json.dumps(report, indent=1))
        print(f'wrote {args.figures}')


if __name__ == '__main__':
    run_tool(main)
