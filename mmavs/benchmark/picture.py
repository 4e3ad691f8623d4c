"""The picture of a comparison: what a model gives against what it costs."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from .results import Result

LARGEST_BUBBLE = 1500.0  # square points


def draw_bubbles(results: Sequence[Result], accuracy_name: str | None = None) -> Figure:
    """Draw one bubble per model: accuracy against latency, or latency against parameters where an accuracy is unknown.

    The area of a bubble is proportional to the number of all parameters.

    Args:
        results: The models.
        accuracy_name: Label of the accuracy axis.
    """
    has_accuracy = all(result.accuracy is not None for result in results)
    millions = [result.footprint.parameters / 1e6 for result in results]
    latency = [result.forward.p50 * 1e3 for result in results]
    if has_accuracy:
        x, y = latency, [result.accuracy for result in results]
        labels = dict(xlabel='forward pass of a clip, ms', ylabel=accuracy_name or 'accuracy')
    else:
        x, y = millions, latency
        labels = dict(xlabel='parameters, millions', ylabel='forward pass of a clip, ms')
    figure = Figure(figsize=(7, 4.5), layout='constrained')
    axes = figure.add_subplot()
    areas = [LARGEST_BUBBLE * value / max(millions) for value in millions]
    axes.scatter(x, y, s=areas, c=[f'C{i % 10}' for i in range(len(results))], alpha=0.5)
    for i, result in enumerate(results):
        above = math.sqrt(areas[i]) / 2 + 3  # clear of the bubble
        text = f'{result.name}\n{millions[i]:.0f} M'
        axes.annotate(text, (x[i], y[i]), (0, above), textcoords='offset points', ha='center', fontsize=8)
    axes.margins(0.25, 0.3)
    axes.set(title='bubble: parameters', **labels)
    axes.set_xlim(left=0)  # costs are compared by their ratio
    if not has_accuracy:
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return figure
