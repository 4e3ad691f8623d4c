"""One HTML page about a data set: classes, areas, changes, co-occurrence, and pictures of challenging clips."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmavs.datasets.media import read_image
from mmavs.datasets.statistics import AREA_EDGES, Thresholds

MAX_CLASSES = 40  # rows of charts; the JSON has all
STYLE = """
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: .8rem 0; } .tile { background: var(--raised); border-radius: 6px;
  padding: .5rem 1rem; } .tile b { display: block; font-size: 1.4rem; } .tile span { color: var(--soft); font-size: .85rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1rem; align-items: start; }
svg { display: block; max-width: 100%; height: auto; } svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .soft { fill: var(--soft); } svg .bar { fill: #3b82c4; } svg .cell { stroke: var(--ground); stroke-width: 1; }
.pictures { display: flex; flex-wrap: wrap; gap: .8rem; } .pictures figure { margin: 0; width: 180px; }
.pictures img { width: 180px; border-radius: 4px; } figcaption { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.note { color: var(--soft); max-width: 60rem; }
"""


def bar_chart(title: str, values: Mapping[str, float], unit: str) -> str:
    """Horizontal bars with their values, as inline SVG.

    Args:
        title: Name of the chart for screen readers and tooltips.
        values: At least one; drawn in the given order.
        unit: What is counted.
    """
    row, left = 20, 12 + 7.2 * max(len(name) for name in values)
    width, top = left + 320, max(values.values()) or 1
    parts = []
    for i, (name, value) in enumerate(values.items()):
        y, length = i * row, 250 * value / top
        parts.append(
            f'<g><title>{escape(name)}: {value:g} {escape(unit)}</title>'
            f'<text x="{left - 8:.0f}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="bar" x="{left:.0f}" y="{y + 3}" width="{length:.1f}" height="{row - 6}" rx="2"/>'
            f'<text class="soft" x="{left + length + 6:.0f}" y="{y + 14}">{value:g}</text></g>'
        )
    return _svg(title, width, row * len(values), parts)


def heat_map(title: str, names: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Symmetric matrix as inline SVG; darker means more, on a scale of square roots; the diagonal is left out."""
    cell = 26 if len(names) <= 12 else 18
    left, values = 12 + 7.2 * max(len(name) for name in names), np.array(matrix, float)
    np.fill_diagonal(values, 0)
    top, parts = values.max() or 1, []
    for i, name in enumerate(names):
        middle = left + i * cell + cell / 2 + 4
        parts.append(
            f'<text x="{left - 8:.0f}" y="{left + i * cell + cell / 2 + 4:.0f}" text-anchor="end">{escape(name)}</text>'
            f'<text transform="translate({middle:.0f} {left - 8:.0f}) rotate(-90)">{escape(name)}</text>'
        )
        for j, other in enumerate(names):
            strength = 0.06 + 0.94 * (values[i, j] / top) ** 0.5 if values[i, j] else 0
            colour = '#8a9099" fill-opacity=".25' if i == j else f'#c2410c" fill-opacity="{strength:.2f}'
            tip = f'{name}: {matrix[i][i]} s' if i == j else f'{name} and {other}: {matrix[i][j]} s'
            parts.append(
                f'<rect class="cell" x="{left + j * cell:.0f}" y="{left + i * cell:.0f}" width="{cell}" height="{cell}" '
                f'fill="{colour}"><title>{escape(tip)}</title></rect>'
            )
    size = left + cell * len(names) + 4
    return _svg(title, size, size, parts)


def _svg(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">{"".join(parts)}</svg>'
    )


def outlined_jpeg(frame_path: str, mask: np.ndarray, width: int = 240) -> bytes:
    """Frame with the outline of its mask ``(H, W)`` bool, as JPEG ``width`` pixels wide.

    Raises:
        FileNotFoundError: The frame is missing.
        ValueError: The frame is damaged.
    """
    frame = read_image(frame_path)
    size = (width, max(1, round(width * frame.shape[0] / frame.shape[1])))
    frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if frame.shape[1] > width else cv2.INTER_CUBIC)
    large = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outline, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(frame, outline, -1, (0, 0, 0), 3)
    cv2.drawContours(frame, outline, -1, (255, 230, 0), 1)
    return cv2.imencode('.jpg', frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def write_dataset_page(
    out: Path,
    title: str,
    splits: Mapping[str, dict[str, Any]],
    total: dict[str, Any],
    pictures: Sequence[tuple[str, bytes]],
    notes: Sequence[str],
) -> Path:
    """Write the page; it holds everything inside and opens without a network.

    Args:
        out: HTML file.
        title: Heading.
        splits: Summary of each split, see :func:`mmavs.datasets.statistics.summarise`.
        total: Summary of all clips.
        pictures: Caption and JPEG of look-alikes.
        notes: Sentences on where the figures come from.

    Returns:
        ``out``.
    """
    style = (resources.files('mmavs.report') / 'page.css').read_text() + STYLE
    challenge = total['challenging']
    tiles = {
        'clips': f'{total["clips"]:,}',
        'labelled frames': f'{total["labelled_frames"]:,}',
        'of them without object': f'{total["empty_frames"]:.1%}',
        'classes': f'{len(total["class_clips"])}',
        'median mask area': f'{total["area"]["quartiles"][1]:.1%}',
        'challenging clips': f'{challenge["either"]:.1%}',
    }
    body = [f'<h1>{escape(title)}</h1>', *(f'<p class="note">{escape(note)}</p>' for note in notes)]
    body.append('<div class="tiles">')
    body += [f'<div class="tile"><b>{value}</b><span>{name}</span></div>' for name, value in tiles.items()]
    body += ['</div><h2>Splits</h2>', _split_table({**splits, 'all': total})]
    body += ['<h2>Challenging clips</h2>', f'<p class="note">{escape(_definition(challenge))}</p>']
    images = (
        f'<figure><img alt="{escape(name)}" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
        f'<figcaption>{escape(name)}</figcaption></figure>'
        for name, data in pictures
    )
    body.append(f'<div class="pictures">{"".join(images)}</div>')
    names = list(total['class_clips'])[:MAX_CLASSES]
    ranges = zip(AREA_EDGES[:-1], AREA_EDGES[1:], total['area_histogram'], strict=True)
    areas = {f'{low:.0%} to {high:.0%}': count for low, high, count in ranges}
    body.append('<div class="pair"><div><h2>Area of the masks</h2><p class="note">Labelled frames with an object, by share of '
                f'the frame.</p>{bar_chart("mask areas", areas, "frames")}</div>')  # fmt: skip
    body.append(
        '<div><h2>Changes of who sounds</h2><p class="note">Clips by number of changes from second to second.</p>'
    )
    changes = total['changes']
    body.append(
        (bar_chart('changes', changes, 'clips') if changes else '<p>No clip has two labelled seconds.</p>') + '</div>'
    )
    body.append('</div><div class="pair"><div><h2>Classes</h2>')
    if names:
        more = (
            f' The {MAX_CLASSES} most frequent of {len(total["class_clips"])}.'
            if len(total['class_clips']) > len(names)
            else ''
        )
        frequency = {name: total['class_clips'][name] for name in names}
        body.append(
            f'<p class="note">Clips in which the class sounds.{more}</p>{bar_chart("classes", frequency, "clips")}</div>'
        )
        matrix = [row[: len(names)] for row in total['cooccurrence']['seconds'][: len(names)]]
        body.append(
            '<div><h2>What sounds together</h2><p class="note">Seconds in which both classes sound; darker is more.</p>'
        )
        body.append(heat_map('co-occurrence', names, matrix))
    else:
        body.append('<p>Nothing sounds in any clip.</p>')
    body.append('</div></div>')
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>\n'
        f'<body>{"".join(body)}</body></html>\n',
        encoding='utf-8',
    )
    return out


def _definition(challenge: dict[str, Any]) -> str:
    limits = Thresholds(**challenge['thresholds'])
    return (
        'The definition is that of mmavs. A clip is challenging if something that looks like a sounding object is beside it, or '
        f'if who sounds changes at {limits.change_rate:.0%} or more of the steps from second to second. Look-alike: two present '
        'classes of one group, where groups and classes are known '
        f'({challenge["judged_by_classes"]} clips); elsewhere the colours of object and surroundings ({limits.ring:.0%} of the '
        f'shorter side wide) overlap by {limits.similarity:.0%} or more in some labelled frame.'
    )


def _split_table(splits: Mapping[str, dict[str, Any]]) -> str:
    columns = {
        'clips': lambda s: f'{s["clips"]:,}',
        'labelled frames': lambda s: f'{s["labelled_frames"]:,}',
        'without object': lambda s: f'{s["empty_frames"]:.1%}',
        'classes': lambda s: str(len(s['class_clips'])),
        'mean area': lambda s: f'{s["area"]["mean"]:.1%}',
        'look-alike': lambda s: f'{s["challenging"]["lookalike"]:.1%}',
        'frequent changes': lambda s: f'{s["challenging"]["changing"]:.1%}',
        'both': lambda s: f'{s["challenging"]["both"]:.1%}',
        'challenging': lambda s: f'{s["challenging"]["either"]:.1%}',
    }
    head = ''.join(f'<th>{name}</th>' for name in columns)
    rows = ''.join(
        f'<tr><th>{escape(name)}</th>{"".join(f"<td>{show(summary)}</td>" for show in columns.values())}</tr>'
        for name, summary in splits.items()
    )
    return f'<div class="wide"><table><thead><tr><th>split</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
