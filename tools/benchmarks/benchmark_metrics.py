"""Speed of the metrics against the loops they replace; all ratios come from one run, and the results are compared.

F over 255 thresholds: one comparison of the frame with each threshold. Class metric of AVSS: softmax, then intersection,
areas and union of every class of every frame by masks.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.benchmark import Timer

from mmavs.evaluation.functional import f_curve, f_max, semantic_frame_sums

THRESHOLDS = 255
BETA2 = 0.3


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--size', type=int, default=224, help='height and width of the frames')
    parser.add_argument('--images', type=int, default=100, help='frames of the F benchmark')
    parser.add_argument('--frames', type=int, default=10, help='frames of the class benchmark')
    parser.add_argument('--classes', type=int, default=71)
    parser.add_argument('--min-run-time', type=float, default=1.0, help='seconds per measurement')
    return parser.parse_args(argv)


def f_max_by_loop(logits: Tensor, target: Tensor) -> float:
    """Maximum of the mean F curve by one comparison per frame and threshold."""
    scores, target = logits.sigmoid(), target.float()
    table = torch.linspace(0, 1 - 1e-10, THRESHOLDS)
    total, count = torch.zeros(THRESHOLDS), 0
    for score, truth in zip(scores, target, strict=True):
        if not truth.any():
            continue
        curve = torch.zeros(THRESHOLDS)
        for j, threshold in enumerate(table):
            positive = (score >= threshold).float()
            hits = (positive * truth).sum()
            precision, recall = hits / (positive.sum() + 1e-20), hits / (truth.sum() + 1e-20)
            curve[j] = (1 + BETA2) * precision * recall / (BETA2 * precision + recall)
        total += curve.nan_to_num(0)
        count += 1
    return float(total.max() / count) if count else 0.0


def class_sums_by_loop(logits: Tensor, target: Tensor) -> Tensor:
    """IoU, F and count of every class summed over frames, ``(3, K)``, class by class."""
    labels = logits.softmax(1).argmax(1)
    num_classes = logits.shape[1]
    sums = torch.zeros(3, num_classes)
    for label, truth in zip(labels, target, strict=True):
        for index in range(num_classes):
            pred, true = label == index, truth == index
            inter, union = (pred & true).sum(), (pred | true).sum()
            precision, recall = inter / pred.sum(), inter / true.sum()
            f = (1 + BETA2) * precision * recall / (BETA2 * precision + recall)
            sums[:, index] += torch.stack([inter / (union + 2.2e-16), f.nan_to_num(0), (union > 0).float()])
    return sums


def class_sums(logits: Tensor, target: Tensor) -> Tensor:
    """The same by mmavs."""
    sums = semantic_frame_sums(logits, target, logits.shape[1])
    return torch.stack([sums.iou, sums.f, sums.count])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    args = parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    shape = (args.images, args.size, args.size)
    logits, target = torch.randn(shape) * 3, (torch.rand(shape) < 0.2).long()
    class_logits = torch.randn(args.frames, args.classes, args.size, args.size)
    class_target = torch.randint(0, args.classes, (args.frames, args.size, args.size))
    scores = logits.sigmoid()

    def measure(function: Callable[[], object]) -> float:
        timer = Timer('function()', globals=dict(function=function), num_threads=args.threads)
        return timer.blocked_autorange(min_run_time=args.min_run_time).median * 1e3

    rows = (
        (
            f'F_max, {args.images} frames {args.size}x{args.size}',
            f'loop over {THRESHOLDS} thresholds',
            measure(lambda: f_max_by_loop(logits, target)),
            measure(lambda: f_max(logits, target)),
            abs(f_max_by_loop(logits, target) - f_max(logits, target)),
        ),
        (
            f'class metric, {args.frames} frames {args.size}x{args.size}, {args.classes} classes',
            'loop over classes behind a softmax',
            measure(lambda: class_sums_by_loop(class_logits, class_target)),
            measure(lambda: class_sums(class_logits, class_target)),
            float(
                (class_sums_by_loop(class_logits, class_target) - class_sums(class_logits, class_target)).abs().max()
            ),
        ),
    )
    print(f'{args.threads} thread(s), torch {torch.__version__}\n')
    print('| metric | yardstick | yardstick ms | mmavs ms | times faster | largest difference |')
    print('| --- | --- | ---: | ---: | ---: | ---: |')
    for name, yardstick, loop_ms, ours_ms, difference in rows:
        print(f'| {name} | {yardstick} | {loop_ms:.0f} | {ours_ms:.1f} | {loop_ms / ours_ms:.1f} | {difference:.0e} |')
    curve_ms = measure(lambda: f_curve(scores, target))
    print(f'\nF curves alone, scores given: {curve_ms:.1f} ms.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
