"""One self-contained HTML page about a finished run: table, curves, pictures."""

import base64
import html
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
from matplotlib.figure import Figure

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; } img { max-width: 100%; } .note { color: #666; }
"""


def read_scalars(work_dir: Path) -> dict[str, list[tuple[float, float]]]:
    """Collect ``{name: [(step, value), ...]}`` from all ``scalars.json`` files of a work dir, oldest start first.

    Lines that a killed run has left incomplete are passed over: they hold no value.
    """
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            for name, value in entry.items():
                if name not in ('step', 'iter', 'epoch') and isinstance(value, int | float) and math.isfinite(value):
                    curves[name].append((entry.get('step', entry.get('iter', 0)), value))
    return dict(curves)


def draw_curves(curves: dict[str, list[tuple[float, float]]], keys: Sequence[str]) -> Figure:
    """Draw one panel for each of ``keys`` that ``curves`` has."""
    keys = [key for key in keys if key in curves]
    figure = Figure(figsize=(4 * max(len(keys), 1), 3), layout='constrained')
    for i, key in enumerate(keys, 1):
        axes = figure.add_subplot(1, len(keys), i)
        axes.plot(*zip(*curves[key], strict=True))
        axes.set(title=key, xlabel='step')
        axes.grid(alpha=0.3)
    return figure


def figure_png(figure: Figure) -> bytes:
    """Render a figure as PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format='png', dpi=110)
    return buffer.getvalue()


def picture_jpeg(path: Path) -> bytes:
    """Read a picture and encode it as JPEG, a tenth of the size of a PNG of photographs.

    Raises:
        ValueError: The file is no picture.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f'{path} is not a readable picture')
    return cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def format_value(value: float | None) -> str:
    """Three decimals, or a dash where there is nothing to measure (absent or NaN)."""
    return '–' if value is None or math.isnan(value) else f'{value:.3f}'


def write_report(
    out_file: Path,
    *,
    title: str,
    results: dict[str, dict[str, float]],
    columns: Sequence[str],
    curves: Figure | None = None,
    pictures: Sequence[Path] = (),
    notes: Sequence[str] = (),
) -> Path:
    """Write the page; every picture is embedded, so the file can be moved and opens without a network.

    Args:
        out_file: The ``.html`` file to write.
        title: Heading of the page.
        results: ``{row: {metric: value}}``.
        columns: Metric keys shown, in this order; a row without the metric shows a dash.
        curves: Training curves.
        pictures: PNG files shown below the table.
        notes: Sentences below the heading.

    Returns:
        ``out_file``.
    """

    def image(data: bytes, kind: str, label: str) -> str:
        source = f'data:image/{kind};base64,{base64.b64encode(data).decode()}'
        return f'<figure><img alt="{label}" src="{source}"><figcaption>{label}</figcaption></figure>'

    rows = [
        f'<tr><td>{html.escape(name)}</td>'
        + ''.join(f'<td>{format_value(row.get(key))}</td>' for key in columns)
        + '</tr>'
        for name, row in results.items()
    ]
    head = ''.join(f'<th>{html.escape(key.split("/")[-1])}</th>' for key in columns)
    body = [f'<h1>{html.escape(title)}</h1>']
    body += [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    body.append(f'<table><tr><th>test set and audio</th>{head}</tr>{"".join(rows)}</table>')
    if curves is not None:
        body += ['<h2>Training</h2>', image(figure_png(curves), 'png', 'training curves')]
    if pictures:
        body.append('<h2>Clips</h2>')
        body += [image(picture_jpeg(path), 'jpeg', html.escape(path.stem)) for path in pictures]
    out_file.parent.mkdir(parents=True, exist_ok=True)
    out_file.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<style>{STYLE}</style><body>{"".join(body)}</body></html>'
    )
    return out_file
