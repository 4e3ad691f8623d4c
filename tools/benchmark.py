"""Measure models side by side: parameters, FLOPs, time and memory, in one run and one table.

CONFIG is a file or a name such as tpavi/tpavi_r50_ms3.py; ratios are to the first one. docs/en/benchmarks.md has the method.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mmavs.benchmark import (
    BenchmarkSettings,
    Result,
    compare,
    comparison_record,
    draw_bubbles,
    evaluate_checkpoint,
    heading,
    markdown_table,
    origin,
    read_accuracy,
    read_markdown_tables,
    table_rows,
    text_table,
)
from mmavs.utils.cli import run_tool

ABSENT = '-'
BUSY = 0.9
SCRIPTS = Path(__file__).resolve().parent / 'benchmarks'
COMPONENT_OPTIONS = ('configs', 'components', 'out', 'threads')
COMPONENTS = {
    'clustering': 'benchmark_clustering.py',
    'fusion': 'benchmark_tpavi.py',
    'published': 'benchmark_published.py',
    'audio': 'benchmark_logmel.py',
    'metrics': 'benchmark_metrics.py',
}


def parse_size(text: str) -> tuple[int, int]:
    """Read ``HxW``."""
    try:
        height, width = map(int, text.lower().split('x'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no size HxW, such as 224x224') from None
    return height, width


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'configs', nargs='*', metavar='CONFIG', help='the first one is what the others are compared with'
    )
    parser.add_argument('--components', nargs='+', choices=list(COMPONENTS), help='measure parts in place of models')
    parser.add_argument('--device', default='cpu', help='cpu (default), cuda, cuda:1')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/benchmark'), help='folder (default %(default)s)')
    parser.add_argument('--threads', type=int, default=1, help='CPU threads (default %(default)s)')
    parser.add_argument('--rounds', type=int, default=5, help='turns of every model (default %(default)s)')
    parser.add_argument('--frames', type=int, default=5, metavar='T', help='frames of the clip (default %(default)s)')
    parser.add_argument('--size', type=parse_size, metavar='HxW', help='by default that of the test pipeline')
    parser.add_argument(
        '--clock', choices=['wall', 'cpu'], default='wall', help='cpu: leave out what other programs take'
    )
    parser.add_argument('--amp', choices=['bf16', 'fp16'], help='mixed precision; fp16 on CUDA only')
    parser.add_argument('--compile', action='store_true', help='torch.compile')
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--audio-features', action='store_true', help='give the output of the audio backbone')
    parser.add_argument('--no-train-step', action='store_true', help='forward passes only')
    accuracy = parser.add_mutually_exclusive_group()
    accuracy.add_argument(
        '--metrics', nargs='+', metavar='FILE', help='accuracy from json files of test.py, one per config; - for none'
    )
    accuracy.add_argument(
        '--checkpoints', nargs='+', metavar='FILE', help='accuracy from a test, one per config; - for none'
    )
    parser.add_argument('--metric', help='which metric is the accuracy (default avs/J_frame, else avs/mIoU)')
    args = parser.parse_args(argv)
    if bool(args.configs) == bool(args.components):
        parser.error('give one or more CONFIG, or --components')
    unused = [name for name in vars(args) if getattr(args, name) != parser.get_default(name)]
    unused = [f'--{name.replace("_", "-")}' for name in unused if name not in COMPONENT_OPTIONS]
    if args.components and unused:
        parser.error(
            f'--components knows --threads and --out only, not {", ".join(unused)}: the parts have their own scripts'
        )
    if args.metric and not (args.metrics or args.checkpoints):
        parser.error('--metric chooses a number of --metrics or --checkpoints, and neither is given')
    for name in ('metrics', 'checkpoints'):
        files = getattr(args, name)
        if files and len(files) != len(args.configs):
            parser.error(
                f'--{name} needs one file per CONFIG ({len(args.configs)}; {ABSENT} for none), got {len(files)}'
            )
    return args


def collect_accuracies(args: argparse.Namespace) -> tuple[str | None, list[float | None]]:
    """Return the name of the metric and one value per config; a value that is not finite is told and counts as unknown.

    Raises:
        ValueError: The files hold different metrics.
    """
    found: list[tuple[str, float] | None] = []
    for config, source in zip(
        args.configs, args.metrics or args.checkpoints or [ABSENT] * len(args.configs), strict=True
    ):
        if source == ABSENT:
            found.append(None)
        elif args.metrics:
            found.append(read_accuracy(source, args.metric))
        else:
            work_dir = args.out / 'tests' / Path(config).stem
            found.append(evaluate_checkpoint(config, source, args.metric, work_dir=work_dir))
    names = sorted({pair[0] for pair in found if pair})
    if len(names) > 1:
        raise ValueError(
            f'the models have different metrics {names}, which cannot share a column; choose one with --metric'
        )
    for config, pair in zip(args.configs, found, strict=True):
        if pair and not math.isfinite(pair[1]):
            print(f'{pair[0]} of {config} is {pair[1]}: its accuracy is shown as unknown', file=sys.stderr)
    return (names[0] if names else None), [pair[1] if pair and math.isfinite(pair[1]) else None for pair in found]


def warn_if_busy(results: Sequence[Result], settings: BenchmarkSettings) -> None:
    """Say so where other programs held the cores for a good part of the time and the clock counts that."""
    shares = [
        times.core_share for r in results for times in (r.forward, r.train) if times and times.core_share is not None
    ]
    if settings.clock == 'wall' and shares and min(shares) < BUSY:
        advice = '--clock cpu counts the time on a core only'
        if settings.threads > 1:
            advice = (
                f'or a part of the work does not use {settings.threads} threads, which --threads 1 would tell apart'
            )
        print(
            f'the machine is busy: a thread had a core for {min(shares):.0%} of the time at worst, so times are too long and '
            f'ratios uncertain; {advice}'
        )


def compare_models(args: argparse.Namespace) -> None:
    """Measure models, print the table and write json, Markdown and picture."""
    settings = BenchmarkSettings(
        device=args.device,
        threads=args.threads,
        rounds=args.rounds,
        frames=args.frames,
        size=args.size,
        amp=args.amp,
        compile=args.compile,
        channels_last=args.channels_last,
        audio_features=args.audio_features,
        train_step=not args.no_train_step,
        clock=args.clock,
    )
    metric, accuracies = collect_accuracies(args)
    results = compare(args.configs, settings, accuracies=accuracies, say=lambda text: print(text, file=sys.stderr))
    rows, notes = table_rows(results, metric), heading(settings)
    args.out.mkdir(parents=True, exist_ok=True)
    record = comparison_record(results, settings, metric)
    (args.out / 'benchmark.json').write_text(json.dumps(record, indent=1))
    (args.out / 'benchmark.md').write_text('\n\n'.join([*notes, markdown_table(rows)]) + '\n')
    draw_bubbles(results, metric).savefig(args.out / 'benchmark.png', dpi=130)
    print('\n'.join([*notes, '', text_table(rows), '']))
    warn_if_busy(results, settings)
    print(f'wrote benchmark.json, benchmark.md and benchmark.png to {args.out}')


def run_components(args: argparse.Namespace) -> None:
    """Run the scripts of the parts one after the other, show their tables and collect them in one file.

    Raises:
        ValueError: A script failed.
    """
    args.out.mkdir(parents=True, exist_ok=True)
    notes = [origin(), f'cpu, {args.threads} thread(s)']
    parts, tables = ['\n\n'.join(notes) + '\n'], {}
    for name in args.components:
        command = [sys.executable, str(SCRIPTS / COMPONENTS[name]), '--threads', str(args.threads)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise ValueError(f'{COMPONENTS[name]} failed with exit code {done.returncode}: {done.stdout[-500:]}')
        parts.append(f'## {name}\n\n{done.stdout.strip()}\n')
        tables[name] = read_markdown_tables(done.stdout)
        print(parts[-1], flush=True)
        (args.out / 'components.md').write_text('\n'.join(parts))
        (args.out / 'components.json').write_text(json.dumps(dict(notes=notes, components=tables), indent=1))
    print(f'wrote components.json and components.md to {args.out}')


def main(argv: Sequence[str] | None = None) -> int:
    """Measure."""
    args = parse_args(argv)
    os.environ['OMP_NUM_THREADS'] = os.environ['MKL_NUM_THREADS'] = str(args.threads)  # of the processes started here
    if args.components:
        run_components(args)
    else:
        compare_models(args)
    return 0


if __name__ == '__main__':
    run_tool(main)
