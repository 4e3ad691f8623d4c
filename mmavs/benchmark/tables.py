"""The table of a comparison: terminal, Markdown and json."""

import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmavs.utils.provenance import describe_machine, git_commit

from .results import Result, ratios
from .settings import BenchmarkSettings

UNKNOWN = '–'
COLUMNS = (
    'model',
    'params M (trained / all)',
    'GFLOP/frame',
    'forward ms p50',
    'p95',
    '±%',
    'ratio',
    'frames/s',
    'training step ms',
    '±%',
    'ratio',
    'memory MB forward',
    'training',
    'ratio',
)


def heading(settings: BenchmarkSettings) -> list[str]:
    """Return what a reader must know of a comparison: where and when it was made, and under which conditions."""
    options = [
        name for name in ('compile', 'channels_last', 'audio_features') if getattr(settings, name)
    ]  # the names of the options on the command line
    size = 'the size of each config' if settings.size is None else f'{settings.size[0]} x {settings.size[1]}'
    return [
        origin(),
        f'{settings.device}, {settings.threads} thread(s), {settings.amp or "float32"}, one clip of {settings.frames} frames at '
        f'{size}, {settings.rounds} rounds in turn, {settings.clock} clock'
        + (f', {", ".join(options)}' if options else ''),
    ]


def origin() -> str:
    """Return commit, date and machine in one line."""
    return f'commit {git_commit(Path(__file__).parent)}, {datetime.date.today().isoformat()}, {describe_machine()}'


def table_rows(results: Sequence[Result], accuracy_name: str | None = None) -> list[list[str]]:
    """Return header and one row per model; ratios are to the first model.

    Args:
        results: In order; the first is the reference.
        accuracy_name: Heads a last column with the accuracies; ``None`` leaves the column out.
    """
    rows = [[*COLUMNS, *([accuracy_name] if accuracy_name else [])]]
    for result in results:
        size, forward, train = result.footprint, result.forward, result.train
        to_first = ratios(result, results[0])
        row = [
            result.name,
            f'{size.trainable / 1e6:.1f} / {size.parameters / 1e6:.1f}',
            _number(size.flops_per_frame, 1e-9, 1),
            _number(forward.p50, 1e3, 1),
            _number(forward.p95, 1e3, 1),
            _number(forward.spread, 100, 0),
            _number(to_first['forward'], 1, 2),
            _number(result.frames_per_second, 1, 2),
            _number(train and train.p50, 1e3, 0),
            _number(train and train.spread, 100, 0),
            _number(to_first['train'], 1, 2),
            _number(size.forward_mb, 1, 0),
            _number(size.train_mb, 1, 0),
            _number(to_first['train_mb'] if train else to_first['forward_mb'], 1, 2),
        ]
        rows.append([*row, *([_number(result.accuracy, 1, 3)] if accuracy_name else [])])
    return rows


def _number(value: float | None, factor: float, digits: int) -> str:
    """Format ``factor * value``; a dash where it is unknown."""
    return UNKNOWN if value is None or math.isnan(value) else f'{factor * value:.{digits}f}'


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Render rows, the header first."""
    lines = ['| ' + ' | '.join(row) + ' |' for row in rows]
    lines.insert(1, '| ' + ' | '.join('---' if i == 0 else '---:' for i in range(len(rows[0]))) + ' |')
    return '\n'.join(lines)


def read_markdown_tables(text: str) -> list[dict[str, list]]:
    """Return the tables of a Markdown text: ``columns`` and ``rows`` of each, all cells as text."""
    tables: list[dict[str, list]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith('|'):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if not inside:
            tables.append(dict(columns=cells, rows=[]))
        elif not all(set(cell) <= set(':-') and cell for cell in cells):
            tables[-1]['rows'].append(cells)
        inside = True
    return tables


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Render rows in columns for a terminal: models as columns, so that many figures stay readable."""
    turned = list(zip(*rows, strict=True))
    widths = [max(len(row[i]) for row in turned) for i in range(len(rows))]
    return '\n'.join(
        '  '.join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in turned
    )


def comparison_record(
    results: Sequence[Result], settings: BenchmarkSettings, accuracy_name: str | None = None
) -> dict[str, Any]:
    """Return everything that is known about a comparison as plain values, ready for json."""
    return dict(
        notes=heading(settings),
        settings=vars(settings) | dict(size=settings.size and list(settings.size)),
        accuracy_metric=accuracy_name,
        models=[{**result.as_dict(), 'ratios': ratios(result, results[0])} for result in results],
    )
