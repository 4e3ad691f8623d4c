"""Write one HTML page about a finished run: metrics of all conditions, training curves and pictures of clips."""

import argparse
import json
from pathlib import Path

from mmavs.evaluation.conditions import markdown_table
from mmavs.utils.cli import run_tool
from mmavs.visualization.run_report import draw_curves, read_scalars, write_report

COLUMNS = (
    'avs/J_frame',
    'avs/F_max_exact',
    'avs/J_nonempty',
    'avs/FP_rate_empty',
    'avs/mask_rate',
    'avs/J_change',
    'avs/J_steady',
)
CURVES = ('loss', 'avs/J_frame', 'avs/F_max_exact')
NOTES = (
    'J: mean IoU per frame (an empty frame counts the share of background that was left alone). F: best F-measure over '
    'thresholds, beta squared 0.3. J_nonempty: J over frames with a sounding object. FP_rate_empty: share of frames without a '
    'sounding object that got a mask. mask_rate: share of all frames that got a mask. J_change and J_steady: frames at which '
    'the set of sounding objects has just changed, and the others.',
    'Rows "shuffled", "silence", "noise" and "offscreen" keep the pictures and their true masks but replace the sound (by that '
    'of a clip in which other classes sound, by silence, by noise, by sounds of things never shown): here a low J and a low '
    'mask_rate are good.',
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', type=Path, help='work dir of the training')
    parser.add_argument('results', type=Path, help='json of tools/evaluate_conditions.py')
    parser.add_argument('--pictures', type=Path, nargs='*', default=[], help='folders of tools/test.py --show-dir')
    parser.add_argument('--title', default='mmavs report', help='heading of the page')
    parser.add_argument('--out', type=Path, required=True, help='HTML file to write')
    return parser.parse_args()


def main() -> None:
    """Write the page and print the table."""
    args = parse_args()
    results = json.loads(args.results.read_text())
    pictures = [path for folder in args.pictures for path in sorted(folder.glob('*.png'))]
    curves = draw_curves(read_scalars(args.work_dir), CURVES)
    write_report(
        args.out,
        title=args.title,
        results=results,
        columns=COLUMNS,
        curves=curves,
        pictures=pictures,
        notes=NOTES,
    )
    print(markdown_table(results, COLUMNS))
    print(f'\nreport: {args.out} ({len(pictures)} pictures)')


if __name__ == '__main__':
    run_tool(main)
