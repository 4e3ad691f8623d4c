"""Rows of a csv with their line numbers; whatever is wrong with the file names file and line."""

import csv
from collections.abc import Hashable, Iterator, Sequence

from mmavs.utils.reading import unreadable


def read_rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Read a csv row by row; a byte-order mark, any kind of line end and empty lines are no damage.

    Args:
        path: The file, UTF-8.

    Yields:
        Number of the line, from 1, and the fields of the row; the header is a row as well.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file cannot be read, is not UTF-8, or is no csv.
    """
    line = 0
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            reader = csv.reader(file)
            for row in reader:
                line = reader.line_num
                if row:
                    yield line, row
    except OSError as error:
        raise unreadable('csv', path, error, 'restore it') from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f'csv file {path!r} is not UTF-8 ({error.reason}, after line {line}); save it as UTF-8'
        ) from error
    except csv.Error as error:
        raise ValueError(f'csv file {path!r} is damaged after line {line} ({error}); restore it') from error


def read_columns(path: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Read some columns of a csv by the names in its header.

    Args:
        path: The file, UTF-8.
        columns: Names of the columns; others are ignored.

    Yields:
        Number of the line, from 1, and the fields by column.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: See :func:`read_rows`; or a column is missing, or a row ends before the last column.
    """
    rows = read_rows(path)
    _, header = next(rows, (0, []))
    absent = [name for name in columns if name not in header]
    if absent:
        raise ValueError(f'{path!r} lacks the columns {absent}, found {header or "an empty file"}; restore the header')
    places = {name: header.index(name) for name in columns}
    for line, fields in rows:
        if len(fields) <= max(places.values()):
            raise ValueError(
                f'{path!r}, line {line}: {len(fields)} columns, expected {len(header)} as in the header; mend the csv'
            )
        yield line, {name: fields[place] for name, place in places.items()}


def refuse_doubled(seen: dict[Hashable, int], key: Hashable, path: str, line: int) -> None:
    """Remember ``key`` as that of ``line``.

    Raises:
        ValueError: Another line has the same key: the clip would count twice.
    """
    first = seen.setdefault(key, line)
    if first != line:
        raise ValueError(f'{path!r}, line {line}: {key!r} is in line {first} already; remove one of the two lines')
