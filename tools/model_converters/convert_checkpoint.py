"""Convert an official checkpoint to the names of mmavs and report every key."""

import argparse
from pathlib import Path

from mmavs.converters import CONVERTERS, convert_file
from mmavs.utils.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('method', choices=sorted(CONVERTERS), help='published method the file belongs to')
    parser.add_argument('src', type=Path, help='official file')
    parser.add_argument('dst', type=Path, help='file to write')
    parser.add_argument('--vggish', type=Path, help='official VGGish file, to make the checkpoint of a method complete')
    args = parser.parse_args()
    if args.vggish and args.method == 'vggish':
        parser.error('--vggish completes the checkpoint of another method; give the VGGish file as SRC alone')
    return args


def main() -> None:
    """Convert and print the report."""
    args = parse_args()
    audio = (CONVERTERS['vggish'], args.vggish) if args.vggish else None
    report = convert_file(CONVERTERS[args.method], args.src, args.dst, audio=audio)
    print(report.text())
    if args.method != 'vggish' and not any(new.startswith('audio_backbone.') for new in report.mapped.values()):
        print('note: the file holds no audio backbone; add --vggish to get a checkpoint of the whole model')
    print(f'wrote {args.dst}')


if __name__ == '__main__':
    run_tool(main)
