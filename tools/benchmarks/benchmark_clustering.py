"""Speed and memory of the clustering methods; all ratios come from one run.

DPC-KNN against a direct transcription of the published algorithm, which holds whole distance matrices, and against the distance
matrix alone; KMeans against scikit-learn with the same start and rounds. The variants of a row take turns, and the median over
the rounds is shown. Peak memory is what a process of its own adds over its size before the first run. With ``--frames`` a
second table compares clustering on a pooled map with clustering at full resolution, on maps of the packaged EfficientNet-Lite0.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.metrics import adjusted_rand_score
from torch import Tensor
from torch.nn import functional as F

from mmavs.models.backbones import EfficientNetLiteStages
from mmavs.models.clustering import DPCKNN, BaseClustering, KMeans, PooledClustering, merge_tokens

BATCH, CHANNELS, K, KMEANS_ITERS, INPUT = 10, 64, 5, 10, 224
ROWS = ('dpc 3136/784', 'dpc 3136/5', 'dpc 784/5', 'dpc 196/5', 'kmeans 3136/5', 'kmeans 3136/784', 'kmeans 784/5')
BASE = {'dpc': 'published', 'kmeans': 'scikit-learn'}
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
CLOCKS = {'wall': time.perf_counter, 'cpu': time.process_time}
Step = Callable[[], Tensor]


def published_dpc(tokens: Tensor, num_groups: int) -> Tensor:
    """DPC-KNN in the order of the published code, without its noise: ``(B, N, C)`` to labels ``(B, N)``."""
    distance = torch.cdist(tokens, tokens) / tokens.shape[-1] ** 0.5
    nearest = torch.topk(distance, k=K, dim=-1, largest=False).values
    density = (-(nearest**2).mean(dim=-1)).exp()
    denser = (density[:, None, :] > density[:, :, None]).type(tokens.dtype)
    largest = distance.flatten(1).max(dim=-1).values[:, None, None]
    parent = (distance * denser + largest * (1 - denser)).min(dim=-1).values
    peaks = torch.topk(parent * density, k=num_groups, dim=-1).indices
    to_peaks = distance.gather(1, peaks[:, :, None].expand(-1, -1, tokens.shape[1]))
    labels = to_peaks.argmin(dim=1)
    return labels.scatter_(1, peaks, torch.arange(num_groups).expand_as(peaks))


def sklearn_kmeans(tokens: Tensor, starts: Tensor) -> Tensor:
    """Run scikit-learn's k-means sample by sample."""
    labels = []
    for sample, start in zip(tokens.numpy(), starts.numpy(), strict=True):
        model = SklearnKMeans(len(start), init=start, n_init=1, max_iter=KMEANS_ITERS, tol=0, algorithm='lloyd')
        labels.append(model.fit(sample).labels_)
    return torch.from_numpy(np.stack(labels)).long()


def variants(row: str) -> dict[str, Step]:
    """Return the steps of a row, ``'{method} {N}/{P}'``."""
    method, _, sizes = row.partition(' ')
    num_tokens, num_groups = map(int, sizes.split('/'))
    tokens = torch.randn(BATCH, num_tokens, CHANNELS, generator=torch.Generator().manual_seed(0))
    if method == 'dpc':
        clustering, size = DPCKNN(K), (round(num_tokens**0.5),) * 2
        pooled = PooledClustering(clustering)
        steps = {
            'published': lambda: published_dpc(tokens, num_groups),
            'distance matrix only': lambda: torch.cdist(tokens, tokens),
            'DPCKNN': lambda: clustering(tokens, num_groups),
        }
        if num_tokens > pooled.max_tokens and num_groups < pooled.max_tokens:
            steps['DPCKNN, pooled'] = lambda: pooled(tokens, num_groups, size=size)
        return steps
    k_means = KMeans(KMEANS_ITERS)
    starts, _ = k_means.start(tokens, num_groups)
    return {
        'scikit-learn': lambda: sklearn_kmeans(tokens, starts),
        'KMeans, same start': lambda: k_means.refine(tokens, starts),
        'KMeans with its start': lambda: k_means(tokens, num_groups),
    }


def process_memory(field: str) -> float:
    """Return ``VmRSS`` or ``VmHWM`` of this process in MB (Linux)."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def print_peak(row: str, variant: str) -> None:
    """Run a variant once and print the memory it has needed beyond what was there before, in MB."""
    step = variants(row)[variant]
    before = process_memory('VmRSS')
    Path('/proc/self/clear_refs').write_text('5')  # the high-water mark starts again from here
    step()
    print(process_memory('VmHWM') - before)


def measure_peak(row: str, variant: str, threads: int) -> float | None:
    """Measure the peak memory in a process of its own; ``None`` where the system does not tell."""
    if not Path('/proc/self/clear_refs').exists():
        return None
    command = [sys.executable, __file__, '--peak-of', row, variant, '--threads', str(threads)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(result.stdout.split()[-1])


def measure_times(steps: dict[str, Step], rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the median seconds per step; the variants take turns, so that a busy machine hits all of them.

    Every step is expected to have run once before.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = clock()
            step()
            times[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def lite0_maps(folder: str, count: int) -> tuple[Tensor, ...]:
    """Return the maps of ``count`` pictures spread over those below ``folder``.

    Raises:
        FileNotFoundError: There are no pictures.
    """
    paths = sorted(p for p in Path(folder).rglob('*') if p.suffix in ('.png', '.jpg'))
    if not paths:
        raise FileNotFoundError(f'{folder} holds no .png or .jpg; give the folder of the frames of a data set')
    frames = []
    for path in paths[:: max(1, len(paths) // count)][:count]:
        rgb = cv2.resize(cv2.imread(str(path)), (INPUT, INPUT), interpolation=cv2.INTER_AREA)[..., ::-1]
        frames.append(torch.from_numpy((rgb - np.float32(MEAN)) / np.float32(STD)).permute(2, 0, 1).float())
    backbone = EfficientNetLiteStages(pretrained='imagenet', frozen=True)
    backbone.init_weights()
    with torch.no_grad():
        return backbone.eval()(torch.stack(frames))


def compare_pooled(folder: str, rounds: int, clock: Callable[[], float], count: int = 10) -> None:
    """Print agreement and time of clustering on pooled maps, per map, method and number of groups.

    The yardstick of the agreement is the full map with every token moved a little (noise of 2 % of the unit scale).
    The spread is the mean squared distance from the group mean, as a share of that of one group.
    """
    print(
        '\n| map | method | P | pooled to | adjusted Rand index | of a slightly noisy map | spread full, pooled | times faster |'
    )
    print('| --- | --- | --- | --- | --- | --- | --- | --- |')
    for level, features in enumerate(lite0_maps(folder, count)[:2]):
        size = tuple(features.shape[-2:])
        tokens = F.layer_norm(features.flatten(2).transpose(1, 2), features.shape[1:2])
        noisy = tokens + 0.02 * torch.randn(tokens.shape, generator=torch.Generator().manual_seed(0))
        for full in (DPCKNN(K), KMeans(KMEANS_ITERS)):
            for num_groups in (5, 12):
                for max_tokens in (784, 196):
                    for reassign in (False, True):
                        pooled = PooledClustering(full, max_tokens, reassign)
                        if tokens.shape[1] > max_tokens:
                            print_pooled_row(level, full, pooled, tokens, noisy, num_groups, size, rounds, clock)


def print_pooled_row(
    level: int,
    full: BaseClustering,
    pooled: PooledClustering,
    tokens: Tensor,
    noisy: Tensor,
    num_groups: int,
    size: tuple[int, int],
    rounds: int,
    clock: Callable[[], float],
) -> None:
    """Print one line of the table of ``compare_pooled``."""
    reference = full(tokens, num_groups)
    steps = {
        'full': lambda: full(tokens, num_groups),
        'pooled': lambda: pooled(tokens, num_groups, size=size),
    }
    result = steps['pooled']()
    times = measure_times(steps, rounds, clock)
    cells = [
        f'{level}: {size[0]}x{size[1]}',
        type(full).__name__,
        str(num_groups),
        f'<= {pooled.max_tokens} tokens' + (', reassigned' if pooled.reassign else ''),
        f'{agreement(reference, result):.3f}',
        f'{agreement(reference, full(noisy, num_groups)):.3f}',
        f'{spread(tokens, reference):.3f}, {spread(tokens, result):.3f}',
        f'{times["full"] / times["pooled"]:.1f}',
    ]
    print('| ' + ' | '.join(cells) + ' |', flush=True)


def spread(tokens: Tensor, labels: Tensor) -> float:
    """Return the mean squared distance from the group mean over that from the mean of all tokens."""
    means, _ = merge_tokens(tokens, labels, int(labels.max()) + 1)
    own = means.gather(1, labels.unsqueeze(-1).expand_as(tokens))
    return float((tokens - own).square().mean() / (tokens - tokens.mean(1, keepdim=True)).square().mean())


def agreement(a: Tensor, b: Tensor) -> float:
    """Return the mean adjusted Rand index of two labellings ``(B, N)``."""
    return statistics.mean(adjusted_rand_score(x, y) for x, y in zip(a.numpy(), b.numpy(), strict=True))


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--rows', nargs='*', default=ROWS, metavar='METHOD N/P', help='such as "dpc 784/5" (default: all of the docs)'
    )
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument(
        '--rounds', type=int, default=5, help='how often each variant is measured (default %(default)s)'
    )
    parser.add_argument(
        '--clock', choices=sorted(CLOCKS), default='wall', help='cpu: processor time, for a machine with other work'
    )
    parser.add_argument('--frames', help='folder with pictures: compare pooled with full clustering on their maps')
    parser.add_argument(
        '--peak-of', nargs=2, metavar=('ROW', 'VARIANT'), help='print only the peak memory of a variant'
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print Markdown tables."""
    args = parse_args(argv)
    torch.set_num_threads(args.threads)
    if args.peak_of:
        print_peak(*args.peak_of)
        return 0
    print(f'B = {BATCH}, C = {CHANNELS}, {args.threads} thread(s), {args.clock} time, torch {torch.__version__}\n')
    print('| method N/P | variant | ms | times faster | extra memory MB | share of it | equal labels |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    for row in args.rows:
        base = BASE[row.split()[0]]
        steps = variants(row)
        reference = steps[base]()
        outputs = {name: step() for name, step in steps.items()}
        equal = {
            name: f'{(output == reference).float().mean():.4f}' if output.shape == reference.shape else 'n/a'
            for name, output in outputs.items()
        }
        times = measure_times(steps, args.rounds, CLOCKS[args.clock])
        del steps, outputs
        peaks = {name: measure_peak(row, name, args.threads) for name in times}
        for name, seconds in times.items():
            peak, most = peaks[name], peaks[base]
            memory = ('n/a', 'n/a') if peak is None or most is None else (f'{peak:.0f}', f'{peak / most:.3f}')
            cells = [row, name, f'{seconds * 1e3:.1f}', f'{times[base] / seconds:.2f}', *memory, equal[name]]
            print('| ' + ' | '.join(cells) + ' |', flush=True)
    if args.frames:
        compare_pooled(args.frames, args.rounds, CLOCKS[args.clock])
    return 0


if __name__ == '__main__':
    sys.exit(main())
