"""Forward passes of TPAVI, CATR and AVSegFormer against a direct transcription of the published computation, part by part.

Each network is that of its published config, with random weights, on one clip of five frames at the size of its test pipeline.
The parts get the inputs they have in the whole network. Both variants of a part take turns; the ratio is that of the medians.
Peak memory is what a run adds to a process of its own network and variant. VGGish, the same on both sides, does not run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmavs.benchmark import BenchmarkSettings, PeakMemory, Stopwatch, Subject, Task, take_turns
from mmavs.benchmark.memory import can_measure
from mmavs.benchmark.published import published_computation
from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.models.necks.tpavi_neck import TPAVIBlock

NETWORK = 'whole network'
CASES = {
    'tpavi/tpavi_r50_ms3.py': ['neck.context.0', 'neck.context.3', 'neck.blocks.0', 'neck.blocks.3'],
    'catr/catr_pvt-v2-b5_s4.py': [
        'neck.spatial_encoder.0',
        'neck.temporal_encoder.0',
        'neck.gate',
        'decode_head.layers.0',
        'decode_head',
    ],
    'avsegformer/avsegformer_r50_avss.py': [
        'neck.encoder.0',
        'neck.mixer',
        'decode_head.generator',
        'decode_head.decoder.0',
        'decode_head.mix',
    ],
}
VARIANTS = {'published': published_computation, 'mmavs': nullcontext}
KEEP_NOTHING = {'MALLOC_MMAP_THRESHOLD_': '65536'}  # what a part has freed must not hide what the next one needs
Run = Callable[[], Tensor]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--configs', nargs='+', choices=list(CASES), default=list(CASES), metavar='CONFIG')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=3, help='turns of each variant (default %(default)s)')
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='cpu', help='default %(default)s')
    parser.add_argument('--peaks-of', nargs=2, metavar=('CONFIG', 'VARIANT'), help='print only the peaks, as json')
    return parser.parse_args(argv)


def first_tensor(value: Any) -> Tensor:
    """The first tensor of what a part returns."""
    if isinstance(value, AVSOutput):
        return value.logits
    if isinstance(value, AVSFeatures):
        return value.maps[0]
    return value[0] if isinstance(value, tuple) else value


def build_runs(config: str, threads: int) -> dict[str, Run]:
    """Build the network of a config; return a function per part, with the inputs it has in the network, and the network."""
    torch.set_num_threads(threads)
    subject = Subject(config, BenchmarkSettings(threads=threads, audio_features=True, train_step=False))
    model = subject.model.eval()
    for module in model.modules():
        if isinstance(module, TPAVIBlock):
            nn.init.normal_(module.out_norm.weight)  # zero at first, which would hide the attention
    calls: dict[str, tuple] = {}
    hooks = [
        model.get_submodule(part).register_forward_pre_hook(
            lambda module, args, kwargs, part=part: calls.setdefault(part, (args, kwargs)) and None, with_kwargs=True
        )
        for part in CASES[config]
    ]
    subject.forward()
    for hook in hooks:
        hook.remove()

    def run_part(part: str) -> Tensor:
        args, kwargs = calls[part]
        with torch.no_grad():
            return first_tensor(model.get_submodule(part)(*args, **kwargs))

    return {part: lambda part=part: run_part(part) for part in CASES[config]} | {NETWORK: subject.forward}


def in_variant(run: Run, variant: str) -> Tensor:
    """Run in one of the two computations."""
    with VARIANTS[variant]():
        return run()


def print_peaks(config: str, variant: str, threads: int) -> None:
    """Print the peak memory of each part in MB as json."""
    peaks = {}
    for part, run in build_runs(config, threads).items():
        peak = PeakMemory('cpu')
        in_variant(run, variant)
        peaks[part] = peak.read()
    print(json.dumps(peaks))


def measure_peaks(config: str, variant: str, threads: int) -> dict[str, float]:
    """Measure the peaks in a process of their own; empty where the system does not tell."""
    if not can_measure('cpu'):
        return {}
    command = [sys.executable, __file__, '--peaks-of', config, variant, '--threads', str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **KEEP_NOTHING})
    return json.loads(done.stdout.splitlines()[-1])


def measure_case(config: str, args: argparse.Namespace) -> Iterator[list[str]]:
    """Yield the table rows of one network as they come."""
    peaks = {variant: measure_peaks(config, variant, args.threads) for variant in VARIANTS}
    for part, run in build_runs(config, args.threads).items():
        outputs = {variant: in_variant(run, variant) for variant in VARIANTS}
        difference = float((outputs['mmavs'] - outputs['published']).norm() / outputs['published'].norm())
        tasks = {variant: Task(partial(in_variant, run, variant), runs=2) for variant in VARIANTS}
        readings = take_turns(tasks, args.rounds, Stopwatch('cpu'), warm_up=0)
        times = {key: statistics.median(getattr(one, args.clock) for one in values) for key, values in readings.items()}
        memory = [peaks[variant].get(part) for variant in VARIANTS]
        yield [
            config.rsplit('/', 1)[-1].removesuffix('.py'),
            part,
            *(f'{times[variant] * 1e3:.1f}' for variant in VARIANTS),
            f'{times["mmavs"] / times["published"]:.2f}',
            *('n/a' if value is None else f'{value:.0f}' for value in memory),
            f'{difference:.0e}',
        ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    args = parse_args(argv)
    if args.peaks_of:
        print_peaks(*args.peaks_of, args.threads)
        return 0
    print(f'{args.threads} thread(s), torch {torch.__version__}, {args.clock} clock, {args.rounds} rounds\n')
    print('| network | part | published ms | mmavs ms | ratio | published MB | mmavs MB | difference |')
    print('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |')
    for config in args.configs:
        for row in measure_case(config, args):
            print('| ' + ' | '.join(row) + ' |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
