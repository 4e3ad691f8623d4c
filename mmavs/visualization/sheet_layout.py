"""Where the pictures, names and scales of a clip sheet go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import cells
from .sheet_canvas import SheetCanvas, pixels, text_height, wrap

MARGIN = 12  # all lengths in pixels
GAPS = {False: 4, True: 10}  # by `across`; scales below need more room than their ends
ROW_GAP = 7
LABEL_WIDTH = 82
SCALE_WIDTH, SCALE_HEIGHT = 50, 34
BAR = 9
MIN_WIDTH = 420  # room for the title beside a single small picture
TITLE, NAME, SMALL = 11.0, 9.0, 8.0  # font sizes in points


@dataclass
class Strip:
    """One thing shown for every frame.

    Attributes:
        name: What it is.
        pictures: One ``(h, w, 3)`` uint8 per frame, all of one size.
        scale: ``(colour map, value of its first colour, value of its last)`` where colours are values.
    """

    name: str
    pictures: list[np.ndarray]
    scale: tuple[str, float, float] | None = None


def lay_out(
    strips: Sequence[Strip],
    *,
    across: bool,
    heard: Sequence[str] | None,
    title: str,
    key: Sequence[tuple[str, tuple[int, ...]]],
) -> np.ndarray:
    """Compose a sheet.

    Args:
        strips: What is shown; the first has the size of a frame.
        across: One row per frame and one column per strip instead of the reverse.
        heard: What sounds, one line of text per frame.
        title: Heading.
        key: Names and colours, explained at the foot.

    Returns:
        ``(height, width, 3)`` uint8 RGB.
    """
    num_frames, cell = len(strips[0].pictures), strips[0].pictures[0].shape[1]
    gap = GAPS[across]
    times = [f'{t + 1} s' for t in range(num_frames)]
    texts = [[] if heard is None else wrap(text, cell, SMALL) for text in heard or times]
    if across:
        grid = [[(strip, t) for strip in strips] for t in range(num_frames)]
        heads, labels = [[strip.name] for strip in strips], times if num_frames > 1 else ['']
        notes = [texts[t] for t in range(num_frames)]  # below the frame
    else:
        grid = [[(strip, t) for t in range(num_frames)] for strip in strips]
        heads, labels = [[time, *text] for time, text in zip(times, texts, strict=True)], [s.name for s in strips]
        notes = [[] for _ in strips]
    left = MARGIN + (LABEL_WIDTH if not across else 34 if num_frames > 1 else 0)
    scaled = any(strip.scale for strip in strips)
    width = left + len(heads) * (cell + gap) - gap + (SCALE_WIDTH if scaled and not across else 0) + MARGIN
    width = max(width, MIN_WIDTH)
    title_lines = wrap(title, width - 2 * MARGIN, TITLE * 1.1) if title else []
    key_rows = _key_rows(key, width - left - MARGIN)

    top = MARGIN + (text_height(len(title_lines), TITLE) + 6 if title_lines else 0)
    head_lines = max(sum(part.count('\n') + 1 for part in head) for head in heads)
    first = top + text_height(head_lines, NAME) + 4
    tops, y = [], first
    for row, note in zip(grid, notes, strict=True):
        tops.append(y)
        y += row[0][0].pictures[0].shape[0] + (text_height(len(note), SMALL) + 3 if note else 0) + ROW_GAP
    foot = max(y, tops[-1] + grid[-1][0][0].pictures[0].shape[0] + SCALE_HEIGHT) if scaled and across else y
    height = foot + len(key_rows) * text_height(1, NAME) + MARGIN - (0 if key_rows else ROW_GAP)

    canvas = SheetCanvas(width, height)
    canvas.text(MARGIN, MARGIN, '\n'.join(title_lines), TITLE, fontweight='bold')
    for column, head in enumerate(heads):
        x = left + column * (cell + gap) + cell / 2
        lines = '\n'.join(head).split('\n')
        for i, line in enumerate(
            reversed(lines)
        ):  # one by one, on common base lines: letters with tails lift no column
            y = first - 7 - text_height(i, NAME)
            canvas.text(x, y, line, NAME if across else SMALL, ha='center', va='baseline')
    for y, row, label, note in zip(tops, grid, labels, notes, strict=True):
        row_height = row[0][0].pictures[0].shape[0]
        canvas.text(left - 8, y + row_height / 2, label, NAME, ha='right', va='center')
        for column, (strip, t) in enumerate(row):
            canvas.picture(left + column * (cell + gap), y, strip.pictures[t])
        if note:
            canvas.text(left + cell / 2, y + row_height + 3, '\n'.join(note), SMALL, ha='center')
    for i, strip in enumerate(strips):
        if strip.scale is not None and across:
            _bar_below(canvas, left + i * (cell + gap), tops[-1] + strip.pictures[0].shape[0] + 4, cell, strip.scale)
        elif strip.scale is not None:
            _bar_beside(canvas, left + num_frames * (cell + gap), tops[i], strip.pictures[0].shape[0], strip.scale)
    _draw_key(canvas, left, foot, key_rows)
    return canvas.render()


def _bar_beside(canvas: SheetCanvas, x: int, y: int, height: int, scale: tuple[str, float, float]) -> None:
    colormap, low, high = scale
    canvas.picture(x + 4, y, cells.flat(np.linspace(1, 0, height)[:, None].repeat(BAR, 1), colormap))
    for value, place, va in ((high, y - 1, 'top'), (low, y + height, 'bottom')):
        canvas.text(x + BAR + 8, place, f'{value:.2g}', SMALL, va=va)


def _bar_below(canvas: SheetCanvas, x: int, y: int, width: int, scale: tuple[str, float, float]) -> None:
    colormap, low, high = scale
    canvas.picture(x, y, cells.flat(np.linspace(0, 1, width)[None].repeat(BAR, 0), colormap))
    for value, place, ha in ((low, x, 'left'), (high, x + width, 'right')):
        canvas.text(place, y + BAR + 2, f'{value:.2g}', SMALL, ha=ha)


def _key_rows(key: Sequence[tuple[str, tuple[int, ...]]], width: int) -> list[list[tuple[int, str, tuple[int, ...]]]]:
    """Break the key into rows of ``(x, name, colour)``."""
    rows, x = [], width
    for name, colour in key:
        needed = 18 + round((len(name) + 2) * 0.6 * pixels(NAME))
        if not rows or x + needed > width:
            rows.append([])
            x = 0
        rows[-1].append((x, name, colour))
        x += needed
    return rows


def _draw_key(canvas: SheetCanvas, left: int, top: int, rows: list[list[tuple[int, str, tuple[int, ...]]]]) -> None:
    step = text_height(1, NAME)
    for i, row in enumerate(rows):
        middle = top + i * step + step // 2
        for x, name, colour in row:
            canvas.block(left + x, middle - 5, (10, 12), colour)
            canvas.text(left + x + 17, middle, name, NAME, va='center_baseline')
