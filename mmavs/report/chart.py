"""Line charts as inline SVG, coloured by the style sheet of the page and so readable on light and dark ground."""

import html
import math
from collections.abc import Mapping, Sequence

from .curves import thinned

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 24, 30
LOG_FROM = 30  # ratio of largest to smallest value from which a loss gets a logarithmic axis
COLOURS = 8  # in the style sheet; further models repeat them with other dashes
DASHES = ('', '6 3', '2 3')
MAX_TICKS = 6
FEW_POINTS = 12  # up to here the points get dots: a single validation is no line


def line_chart(title: str, series: Mapping[int, Sequence[tuple[float, float]]], names: Sequence[str]) -> str:
    """Draw one curve per model.

    Args:
        title: Above the chart.
        series: ``{number of the model: [(step, value), ...]}``, none of them empty.
        names: Names of all models.

    Returns:
        An ``<svg>`` element whose label says where every curve ends.
    """
    lines = {number: thinned(list(points)) for number, points in series.items()}
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    logarithmic = min(ys) > 0 and max(ys) / min(ys) > LOG_FROM

    def scale(value: float) -> float:
        return math.log10(value) if logarithmic else value

    left, right = 0.0, max(max(xs), 1.0)
    low, high = scale(min(ys)), scale(max(ys))
    margin = 0.05 * (high - low) or 0.05 * max(abs(high), 1.0)
    low, high = low - margin, high + margin

    def x_of(value: float) -> float:
        return LEFT + (value - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - (scale(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for value in _ticks(10**low if logarithmic else low, 10**high if logarithmic else high, logarithmic):
        y = f'{y_of(value):.1f}'
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{y}" dy="4" text-anchor="end">{value:g}</text>')
    for value in _ticks(left, right, False):
        parts.append(f'<text x="{x_of(value):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{value:g}</text>')
    for number, points in lines.items():
        places = ' '.join(f'{x_of(x):.1f},{y_of(y):.1f}' for x, y in points)
        dots = ''.join(f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3"/>' for x, y in points)
        parts.append(
            f'<g class="{model_class(number)}"><title>{html.escape(names[number])}</title>'
            f'<polyline points="{places}"{dashes(number)}/>{dots if len(points) <= FEW_POINTS else ""}</g>'
        )
    ends = ', '.join(f'{names[number]} {points[-1][1]:.4g}' for number, points in lines.items())
    label = html.escape(f'{title} over training steps; last values: {ends}')
    heading = html.escape(title + (' (logarithmic)' if logarithmic else ''))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f'<text class="title" x="{LEFT}" y="14">{heading}</text>{"".join(parts)}'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 2}" text-anchor="end">step</text></svg>'
    )


def model_class(number: int) -> str:
    """CSS class that gives a model its colour."""
    return f'c{number % COLOURS}'


def dashes(number: int) -> str:
    """Attribute that tells apart models of the same colour."""
    pattern = DASHES[number // COLOURS % len(DASHES)]
    return f' stroke-dasharray="{pattern}"' if pattern else ''


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Round values between two limits, mostly three to six of them."""
    if logarithmic:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        fine, coarse = ([m * 10.0**e for e in powers for m in digits] for digits in ((1, 3), (1,)))
        inside = [value for value in fine if low <= value <= high]
        return inside if len(inside) <= MAX_TICKS else [value for value in coarse if low <= value <= high]
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if raw <= m * power)
    return [round(i * step, 10) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
