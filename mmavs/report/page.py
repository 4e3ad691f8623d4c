"""The page: one HTML file with style, script and pictures inside."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from mmavs.evaluation.bootstrap import PairedDifference

from .chart import dashes, line_chart, model_class
from .clips import ClipCard
from .curves import is_loss
from .strips import SIZES
from .tables import SetRow

NOTHING = '–'
MEGABYTE = 1e6
VALIDATION = ('J_frame', 'F_max_exact', 'J_nonempty', 'mJ_class', 'mF_class', 'J_foreground')
SORTS = {
    'picked': 'as chosen',
    'diff': 'largest difference of A and B',
    'a': 'A furthest above B first',
    'b': 'B furthest above A first',
    'best': 'mean J, highest first',
    'worst': 'mean J, lowest first',
    'id': 'clip id',
}


@dataclass
class PageContent:
    """All that the page shows; lists have one entry per model.

    Attributes:
        names: Names of the models.
        checkpoints: Folder and file of the weights.
        reference: Index of the model the others are compared with.
        parameters: ``trainable`` and ``all``.
        test_set: Set that ``metrics`` belong to.
        metrics: Metrics of the whole set.
        columns: Keys of the metrics shown.
        curves: Logged scalars.
        score: Column of ``tables`` by which clips are ranked.
        tables: Rows of test sets and subsets, by score.
        cards: Clips with pictures.
        gaps: What is missing.
        notes: How it was made.
    """

    names: list[str]
    checkpoints: list[str]
    reference: int
    parameters: list[dict[str, int]]
    test_set: str
    metrics: list[dict[str, float]]
    columns: list[str]
    curves: list[dict[str, list[tuple[float, float]]]]
    score: str
    tables: dict[str, list[SetRow]]
    cards: list[ClipCard]
    gaps: list[str]
    notes: list[str]


def write_page(out: Path, content: PageContent, max_mb: float) -> Path:
    """Write the page with pictures as large as its size allows.

    Raises:
        ValueError: It is too large with the smallest pictures.
    """
    title = f'Comparison of {", ".join(content.names)}'
    style, script = ((resources.files(__package__) / name).read_text() for name in ('page.css', 'page.js'))
    for width, quality in SIZES:
        body = ''.join(_body(content, title, width, quality))
        page = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<style>{style}</style></head>\n<body>{body}<script>{script}</script></body></html>\n'
        )
        size = len(page.encode()) / MEGABYTE
        if size <= max_mb:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(page, encoding='utf-8')
            return out
    raise ValueError(
        f'the page needs {size:.1f} MB with the smallest pictures, more than {max_mb:g} MB: take fewer clips or a larger limit'
    )


def _body(content: PageContent, title: str, width: int, quality: int) -> Iterator[str]:
    yield f'<header><h1>{escape(title)}</h1>{_legend(content)}</header><main>'
    yield from (f'<p class="gap">{escape(gap)}</p>' for gap in content.gaps)
    yield f'<section><h2>Test set {escape(content.test_set)}</h2>{_overview(content)}</section>'
    yield f'<section><h2>Training</h2>{_curves(content)}</section>'
    yield f'<section><h2>Test sets and subsets</h2>{_sets(content)}</section>'
    yield f'<section id="clips"><h2>Clips</h2>{_clips(content, width, quality)}</section>'
    notes = [*content.notes, f'Pictures in this file: WebP, {width} pixels per frame.']
    yield f'<section><h2>Notes</h2><ul>{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul></section></main>'


def _legend(content: PageContent) -> str:
    entries = []
    for number, name in enumerate(content.names):
        mark = ' <small>reference</small>' if number == content.reference and len(content.names) > 1 else ''
        entries.append(f'<li>{_swatch(number)}{escape(name)}{mark}</li>')
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _swatch(number: int) -> str:
    line = f'<line x1="0" x2="26" y1="6" y2="6"{dashes(number)}/>'
    return f'<svg class="swatch {model_class(number)}" viewBox="0 0 26 12" aria-hidden="true">{line}</svg>'


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells that are HTML already; the first of a row is its header."""
    head = ''.join(f'<th scope="col">{cell}</th>' for cell in header)
    body = ''.join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    head = f'<caption>{caption}</caption><thead><tr>{head}</tr></thead>'
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _overview(content: PageContent) -> str:
    reference = content.reference
    header = ['model and weights', 'parameters, M', 'trained, M']
    header += [escape(key.removeprefix('avs/')) for key in content.columns]
    rows = []
    for number, name in enumerate(content.names):
        counts = content.parameters[number]
        row = [f'{_swatch(number)}{escape(name)}<small>{escape(content.checkpoints[number])}</small>']
        for key in ('all', 'trainable'):
            cell, base = f'{counts[key] / 1e6:.2f}', content.parameters[reference][key]
            row.append(cell + (f'<small>× {counts[key] / base:.2f}</small>' if number != reference and base else ''))
        for key in content.columns:
            own, base = (content.metrics[i].get(key, math.nan) for i in (number, reference))
            known = number != reference and math.isfinite(own - base)
            row.append(_number(own) + (f'<small>{own - base:+.3f}</small>' if known else ''))
        rows.append(row)
    caption = f'Metrics of the whole set; below them the ratio or the difference to {escape(content.names[reference])}'
    return _table(caption if len(rows) > 1 else 'Metrics of the whole set', header, rows)


def _number(value: float) -> str:
    return f'{value:.3f}' if math.isfinite(value) else NOTHING


def _curves(content: PageContent) -> str:
    keys = list(dict.fromkeys(key for points in content.curves for key in points))
    losses = [key for key in keys if is_loss(key)]
    validation = [key for key in keys if '/' in key and key.rsplit('/', 1)[-1] in VALIDATION]
    blocks = []
    for title, chosen in (('Losses', sorted(losses)), ('Validation', validation)):
        charts = []
        for key in chosen:
            series = {i: points[key] for i, points in enumerate(content.curves) if points.get(key)}
            charts.append(line_chart(key.removeprefix('avs/'), series, content.names))
        if charts:
            blocks.append(f'<h3>{title}</h3><div class="charts">{"".join(charts)}</div>')
    return ''.join(blocks) or '<p>No run has logged losses or validation metrics.</p>'


def _sets(content: PageContent) -> str:
    names, reference = [escape(name) for name in content.names], content.reference
    others = [i for i in range(len(names)) if i != reference]
    blocks = []
    for column, rows in content.tables.items():
        header = ['test set', 'clips', *names, *(f'{names[i]} − {names[reference]}' for i in others)]
        cells = [
            [
                escape(row.label),
                str(row.num_clips),
                *(_interval(mean) for mean in row.means),
                *(_interval(row.differences[i], signed=True) for i in others),
            ]
            for row in rows
        ]
        table = _table(f'{column} with 95 % intervals over clips; bold differences exclude 0', header, cells)
        opened = ' open' if column == content.score else ''
        blocks.append(f'<details{opened}><summary>{column}</summary>{table}</details>')
    return ''.join(blocks)


def _interval(found: PairedDifference, signed: bool = False) -> str:
    if not signed:
        return f'{found.difference:.3f}<small>{found.low:.3f} to {found.high:.3f}</small>'
    tag = 'b' if found.low > 0 or found.high < 0 else 'span'
    return f'<{tag}>{found.difference:+.3f}</{tag}><small>{found.low:+.3f} to {found.high:+.3f}</small>'


def _clips(content: PageContent, width: int, quality: int) -> str:
    if not content.cards:
        return '<p>No clips were asked for.</p>'
    groups = list(dict.fromkeys(card.group for card in content.cards))
    cards = ''.join(_card(content, i, card, groups, width, quality) for i, card in enumerate(content.cards))
    return f'{_controls(content.names, groups)}<p>{KEY}</p><div id="cards">{cards}</div>'


KEY = (
    'Green: truth. Red: mask of the model, with the truth as an outline. In tasks with several classes the colours are those of '
    'the classes, and the outline is white. Uncertainty: dark is certain, bright is uncertain.'
)


def _select(name: str, label: str, options: Mapping[str, str], chosen: str) -> str:
    items = ''.join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{label} <select name="{name}">{items}</select></label>'


def _controls(names: Sequence[str], groups: Sequence[str]) -> str:
    models = {str(i): name for i, name in enumerate(names)}
    sorts = SORTS if len(names) > 1 else {key: text for key, text in SORTS.items() if key not in ('diff', 'a', 'b')}
    parts = [_select('sort', 'Sort', sorts, 'picked')]
    if len(names) > 1:
        parts += [_select('a', 'A', models, '0'), _select('b', 'B', models, '1')]
    sets = {'': 'all', **{str(i): group for i, group in enumerate(groups)}}
    parts.append(_select('set', 'Test set', sets, ''))
    return f'<form id="controls">{"".join(parts)}<output aria-live="polite"></output></form>'


def _card(content: PageContent, number: int, card: ClipCard, groups: list[str], width: int, quality: int) -> str:
    scores = ' '.join(_number(score) if math.isfinite(score) else 'NaN' for score in card.scores)
    known = [score for score in card.scores if math.isfinite(score)]
    mean = f' · mean J {sum(known) / len(known):.3f}' if len(known) > 1 else ''
    rows = []
    for strip in card.strips:
        if strip.model is None:
            title, score = strip.name, ''
        else:
            title = f'{_swatch(strip.model)}{escape(content.names[strip.model])}'
            is_mask = strip.name == 'mask'
            score = f'J {_number(card.scores[strip.model])}' if is_mask else strip.name
        of = '' if strip.model is None else f' of {content.names[strip.model]}'
        alt = escape(f'{strip.name}{of}, clip {card.clip_id}, {len(strip.pictures)} frames')
        image = f'<img alt="{alt}" src="{strip.data_uri(width, quality)}" loading="lazy">'
        rows.append(f'<tr><th scope="row">{title}<small>{score}</small></th><td>{image}</td></tr>')
    return (
        f'<article class="card" data-place="{number}" data-id="{escape(card.clip_id)}" data-set="{groups.index(card.group)}" '
        f'data-scores="{scores}"><h3>{escape(card.clip_id)}</h3><p>{escape(card.group)} · {escape(card.reason)}{mean}</p>'
        f'<table><tbody>{"".join(rows)}</tbody></table></article>'
    )
