"""Training curves from the scalars that a run has logged, with word of what is missing in them."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

COUNTERS = ('step', 'iter', 'epoch')
MAX_POINTS = 300  # of one curve in the page; more are not seen, but weigh


@dataclass
class Curves:
    """Logged scalars of one run.

    Attributes:
        points: ``{name: [(step, value), ...]}``, finite values only.
        gaps: Sentences about what could not be shown.
    """

    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)


def read_curves(work_dir: Path) -> Curves:
    """Read ``*/vis_data/scalars.json``, oldest start first.

    Where a run was resumed before the last step it had logged, the later start counts. Lines that are no complete record (a
    killed process leaves them) and losses that are not finite are left out and reported; a metric may be NaN by right, where
    it has nothing to average.
    """
    curves = Curves()
    cut, infinite = 0, 0
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    for path in files:
        own: dict[str, list[tuple[float, float]]] = {}
        for line in path.read_text(errors='replace').splitlines():
            entry = _record(line)
            if entry is None:
                cut += bool(line.strip())
                continue
            step = entry.get('step', entry.get('iter', 0))
            for name, value in entry.items():
                if name in COUNTERS or isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                if math.isfinite(value):
                    own.setdefault(name, []).append((step, value))
                else:
                    infinite += is_loss(name)
        for name, points in own.items():
            before = [point for point in curves.points.get(name, []) if point[0] < points[0][0]]
            curves.points[name] = before + points
    if not curves.points:
        where = f'{len(files)} empty files scalars.json' if files else 'no */vis_data/scalars.json'
        curves.gaps.append(f'no training curves: the work dir has {where}')
    if cut:
        curves.gaps.append(f'{cut} incomplete lines of the log were left out')
    if infinite:
        curves.gaps.append(f'{infinite} logged losses are not finite and were left out')
    return curves


def _record(line: str) -> dict | None:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) else None


def is_loss(name: str) -> bool:
    """Whether a scalar is the total loss or a term of it."""
    return name == 'loss' or name.startswith('loss_')


def thinned(points: list[tuple[float, float]], most: int = MAX_POINTS) -> list[tuple[float, float]]:
    """Replace runs of neighbouring points by their means, so that at most ``most`` are left."""
    size = math.ceil(len(points) / most)
    if size <= 1:
        return points
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [tuple(sum(values) / len(group) for values in zip(*group, strict=True)) for group in groups]
