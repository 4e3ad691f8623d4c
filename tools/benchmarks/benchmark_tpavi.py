"""Speed and memory of TPAVI in its linear form against the published quadratic one; all ratios come from one run.

Rows: the attention core and the whole block at 5 x 56 x 56 positions and 256 channels, and the training step (forward and
backward, no optimiser) of TPAVI ResNet-50 on one clip of five frames at 224 x 224. The variants of a row take turns, and the
median over the rounds is shown. Peak memory is what a process of its own adds over its size before the first run.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.benchmark import Timer

from mmavs.apis import get_config, init_model
from mmavs.benchmark.memory import PeakMemory, can_measure
from mmavs.models.necks.tpavi_attention import attend_linear, attend_quadratic
from mmavs.models.necks.tpavi_neck import TPAVIBlock
from mmavs.structures import AVSDataSample

FRAMES, SIZE, CHANNELS, INPUT = 5, 56, 256, 224
Step = Callable[[], Tensor]


def core_step(attention: str) -> Step:
    """Return forward and backward of the attention alone: queries, one key per frame, values."""
    torch.manual_seed(0)
    shape = (FRAMES, CHANNELS // 2, SIZE, SIZE)
    query, value = torch.randn(shape, requires_grad=True), torch.randn(shape, requires_grad=True)
    key = torch.randn(FRAMES, CHANNELS // 2, requires_grad=True)
    weight = torch.ones(1, FRAMES)

    def step() -> Tensor:
        if attention == 'linear':
            kernel = key.unsqueeze(2) * value.mean((-2, -1)).unsqueeze(1)
            out = attend_linear(query, kernel, weight, FRAMES)
        else:
            out = attend_quadratic(query, key[:, :, None, None].expand(shape), value, weight, FRAMES)
        query.grad = value.grad = key.grad = None
        out.sum().backward()
        return out.detach()

    return step


def block_step(attention: str) -> Step:
    """Return forward and backward of one whole block."""
    torch.manual_seed(0)
    block = TPAVIBlock(
        CHANNELS, 128, align_bias=True, frames_per_group=FRAMES, mask_padding=True, attention=attention
    ).train()
    torch.nn.init.normal_(block.out_norm.weight)
    x = torch.randn(FRAMES, CHANNELS, SIZE, SIZE, requires_grad=True)
    audio, valid = torch.randn(1, FRAMES, 128), torch.ones(1, FRAMES, dtype=torch.bool)

    def step() -> Tensor:
        block.zero_grad()
        x.grad = None
        out = block(x, block.align_channel(audio), valid)
        out.square().sum().backward()
        return out.detach()

    return step


def network_step(attention: str, *, bf16: bool = False, channels_last: bool = False) -> Step:
    """Return the training step of TPAVI ResNet-50 on one clip."""
    torch.manual_seed(0)
    cfg = get_config('tpavi/tpavi_r50_ms3.py')
    cfg.model.backbone.pretrained = cfg.model.audio_backbone.pretrained = None
    cfg.model.neck.attention = attention
    model = init_model(cfg).train()
    for block in model.neck.blocks.values():
        torch.nn.init.normal_(block.out_norm.weight)  # zero at first, which would hide the attention
    frames = torch.randn(1, FRAMES, 3, INPUT, INPUT)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        frames = frames.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    inputs = dict(frames=frames, audio_features=torch.rand(1, FRAMES, 128))  # VGGish is frozen, its output is given
    valid = torch.ones(FRAMES, dtype=torch.bool)
    masks = torch.randint(0, 2, (FRAMES, INPUT, INPUT))
    samples = [AVSDataSample(gt_masks=masks, frame_valid=valid, frame_annotated=valid)]

    def step() -> Tensor:
        model.zero_grad()
        with torch.autocast('cpu', torch.bfloat16, enabled=bf16):
            losses = model(inputs, samples, mode='loss')
        sum(losses.values()).backward()
        return torch.stack([value.detach() for value in losses.values()])

    return step


ROWS: dict[str, dict[str, Callable[[], Step]]] = {
    'core': {'quadratic': lambda: core_step('quadratic'), 'linear': lambda: core_step('linear')},
    'block': {'quadratic': lambda: block_step('quadratic'), 'linear': lambda: block_step('linear')},
    'network': {
        'quadratic': lambda: network_step('quadratic'),
        'linear': lambda: network_step('linear'),
        'linear, channels-last': lambda: network_step('linear', channels_last=True),
        'linear, bf16 autocast': lambda: network_step('linear', bf16=True),
        'linear, bf16 autocast, channels-last': lambda: network_step('linear', bf16=True, channels_last=True),
    },
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rows', nargs='+', choices=sorted(ROWS), default=list(ROWS))
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument(
        '--rounds', type=int, default=3, help='how often each variant is measured (default %(default)s)'
    )
    parser.add_argument(
        '--peak-of', nargs=2, metavar=('ROW', 'VARIANT'), help='print only the peak memory of a variant'
    )
    return parser.parse_args(argv)


def print_peak(row: str, variant: str) -> None:
    """Run a variant once and print the memory it has needed beyond what was there before, in MB."""
    step = ROWS[row][variant]()
    peak = PeakMemory('cpu')
    step()
    print(peak.read())


def measure_peak(row: str, variant: str, threads: int) -> float | None:
    """Measure the peak memory in a process of its own; ``None`` where the system does not tell."""
    if not can_measure('cpu'):
        return None
    command = [sys.executable, __file__, '--peak-of', row, variant, '--threads', str(threads)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(result.stdout.split()[-1])


def measure_times(steps: dict[str, Step], rounds: int, threads: int) -> dict[str, float]:
    """Return the median seconds per step; the variants take turns, so that a busy machine hits all of them."""
    timers = {name: Timer('step()', globals=dict(step=step), num_threads=threads) for name, step in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in timers}
    runs = dict.fromkeys(timers, 1)
    for _ in range(rounds):
        for name, timer in timers.items():
            seconds = timer.timeit(runs[name]).median  # runs twice more beforehand, to warm up
            runs[name] = max(1, round(0.5 / seconds))
            times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    args = parse_args(argv)
    torch.set_num_threads(args.threads)
    if args.peak_of:
        print_peak(*args.peak_of)
        return 0
    print(f'{args.threads} thread(s), torch {torch.__version__}, median of {args.rounds} rounds\n')
    print('| what | variant | ms | faster than quadratic | extra memory MB | of quadratic | difference |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    for row in args.rows:
        steps = {name: build() for name, build in ROWS[row].items()}
        reference = steps['quadratic']()
        differences = {name: float((step() - reference).norm() / reference.norm()) for name, step in steps.items()}
        times = measure_times(steps, args.rounds, args.threads)
        del steps
        peaks = {name: measure_peak(row, name, args.threads) for name in times}
        for name, seconds in times.items():
            peak, base = peaks[name], peaks['quadratic']
            memory = ('n/a', 'n/a') if peak is None or base is None else (f'{peak:.0f}', f'{peak / base:.3f}')
            cells = [row, name, f'{seconds * 1e3:.1f}', f'{times["quadratic"] / seconds:.1f}x', *memory]
            print('| ' + ' | '.join([*cells, f'{differences[name]:.1e}']) + ' |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
