"""A page of pictures placed to the pixel, with text set by matplotlib."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100
LINE = 1.35  # line height in font sizes
MEAN_LETTER = 0.6  # width of a letter in font sizes, generous for the sans-serif that matplotlib brings along
INK = '#222222'


def pixels(size: float) -> float:
    """Font size in points to pixels."""
    return size * DPI / 72


def wrap(text: str, width: int, size: float) -> list[str]:
    """Break ``text`` into lines that fit ``width`` pixels at ``size`` points; words longer than a line are broken."""
    return textwrap.wrap(text, max(4, int(width / (MEAN_LETTER * pixels(size)))))


def text_height(lines: int, size: float) -> int:
    """Height in pixels of so many lines."""
    return round(lines * LINE * pixels(size))


class SheetCanvas:
    """White page on which pictures lie at exact pixels, never resampled.

    Args:
        width: In pixels.
        height: In pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.page = np.full((height, width, 3), 255, np.uint8)
        self.texts: list[tuple[float, float, str, dict[str, Any]]] = []

    def picture(self, x: int, y: int, image: np.ndarray) -> None:
        """Put ``image`` ``(h, w, 3)`` uint8 with its upper left corner at ``(x, y)``."""
        self.page[y : y + image.shape[0], x : x + image.shape[1]] = image

    def block(self, x: int, y: int, size: tuple[int, int], colour: Sequence[int]) -> None:
        """Fill a rectangle of ``size`` ``(height, width)``."""
        self.page[y : y + size[0], x : x + size[1]] = colour

    def text(
        self, x: float, y: float, text: str, size: float, *, ha: str = 'left', va: str = 'top', **style: Any
    ) -> None:
        """Write at ``(x, y)``, counted from the upper left corner."""
        style = dict(color=INK, linespacing=1.2) | style
        self.texts.append((x, y, text, dict(fontsize=size, ha=ha, va=va, **style)))

    def render(self) -> np.ndarray:
        """Return the page, ``(height, width, 3)`` uint8 RGB."""
        height, width = self.page.shape[:2]
        # A hair more than the size: it is cut to whole pixels, and the quotient may come out just below.
        figure = Figure(figsize=((width + 0.01) / DPI, (height + 0.01) / DPI), dpi=DPI)
        canvas = FigureCanvasAgg(figure)
        figure.figimage(self.page, 0, 0, origin='upper')
        for x, y, text, style in self.texts:
            figure.text(x / width, 1 - y / height, text, **style)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
