"""Bringing the files of a download to where the data set classes read them, and counting what is there."""

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from .files import OutputFolder
from .layouts import ClipFiles, Layout
from .published import PUBLISHED, Count
from .sources import SourceIndex

_SUBSET_RECORD = '.subset.json'  # sha256 of a csv that was written here and may be replaced


@dataclass
class SetReport:
    """What is there of one data set.

    Attributes:
        name: Name of the layout.
        clips: Clips in the csv by (subset, split).
        complete: Of these, clips with all their files.
        labelled: Masks that are there, by (subset, split).
        missing: Paths that are missing or empty, by kind.
        sizes: Differences from the published sizes, each a sentence.
        problems: Other findings, each a sentence.
        remarks: What is worth knowing and no defect.
        incomplete: Keys of the incomplete clips.
    """

    name: str
    clips: Counter = field(default_factory=Counter)
    complete: Counter = field(default_factory=Counter)
    labelled: Counter = field(default_factory=Counter)
    missing: dict[str, list[str]] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    incomplete: set[str] = field(default_factory=set)


def place_csv(layout: Layout, index: SourceIndex, out: OutputFolder, mode: str) -> bool:
    """Link or copy the csv and the optional files of a data set.

    Args:
        layout: The data set.
        index: The download.
        out: The output folder.
        mode: ``'link'`` or ``'copy'``.

    Returns:
        Whether the csv is there.

    Raises:
        ValueError: Another csv is there already.
    """
    for name in (layout.csv, *layout.optional):
        source = index.find((f'{layout.folder}/{name}', name))
        if source is None:
            continue
        path = f'{layout.folder}/{name}'
        if name == layout.csv:
            _remove_own_csv(layout, out)
        obstacle = out.place(path, source, mode)
        if obstacle:
            raise ValueError(obstacle)
    return os.path.isfile(out.join(layout.folder, layout.csv))


def read_layout(layout: Layout, out: OutputFolder) -> list[ClipFiles]:
    """Read the csv of a data set.

    Args:
        layout: The data set; its csv must be in place.
        out: The output folder.

    Raises:
        ValueError: A csv that cannot be understood, or that names a clip twice, see the data set classes.
    """
    for folder in layout.makes:
        out.make_folder(folder)
    return list(layout.clips(out.path))


def arrange(
    clips: Collection[ClipFiles], index: SourceIndex, out: OutputFolder, mode: str, kinds: Collection[str]
) -> list[str]:
    """Link or copy the files of all clips; those that are in place are left alone.

    Args:
        clips: The clips.
        index: The download.
        out: The output folder.
        mode: ``'link'`` or ``'copy'``.
        kinds: Kinds of files to look for.

    Returns:
        What stood in the way, one sentence per file.
    """
    obstacles = []
    for clip in clips:
        for file in clip.of(*kinds):
            source = index.find(file.tails)
            if source is None or os.path.getsize(source) == 0:
                continue  # an empty file is one that is missing
            if (
                file.kind == 'log_mel'
                and os.path.isfile(out.join(file.path))
                and not os.path.islink(out.join(file.path))
            ):
                continue  # computed here, and thus not the same bytes
            obstacle = out.place(file.path, source, mode)
            if obstacle:
                obstacles.append(obstacle)
    return obstacles


def check(layout: Layout, clips: Collection[ClipFiles], out: OutputFolder, required: Collection[str]) -> SetReport:
    """Count what is there.

    Args:
        layout: The data set.
        clips: Its clips.
        out: The output folder.
        required: Kinds of files without which a clip is incomplete.

    Returns:
        The report, not yet compared with any published number.
    """
    report = SetReport(layout.name)
    for clip in clips:
        group = (clip.subset, clip.split)
        report.clips[group] += 1
        whole = True
        for file in clip.of(*required):
            if _is_there(out.join(file.path)):
                report.labelled[group] += file.kind == 'masks'
            else:
                report.missing.setdefault(file.kind, []).append(file.path)
                whole = False
        report.complete[group] += whole
        if not whole:
            report.incomplete.add(clip.key)
    return report


def compare_with_published(report: SetReport, groups: Collection[tuple[str, str]]) -> None:
    """Note every number that differs from the published one; a remark where that one was never checked.

    Args:
        report: See :func:`check`; changed.
        groups: The (subset, split) pairs that the data set has.
    """
    for group in groups:
        expected = PUBLISHED[group]
        found = Count(report.clips[group], report.labelled[group])
        for what, number, wanted in (
            ('clips in the csv', found.clips, expected.clips),
            ('labelled frames', found.labelled, expected.labelled),
        ):
            if number != wanted:
                text = f'{group[0]} {group[1]}: {number} {what}, published are {wanted}'
                (report.sizes if expected.checked else report.remarks).append(text)


def write_subset_csv(layout: Layout, out: OutputFolder, incomplete: Collection[str]) -> None:
    """Replace the csv by one with the complete clips only, so that a partial download can be read.

    Args:
        layout: The data set.
        out: The output folder.
        incomplete: Keys of the clips to leave out.
    """
    path = out.join(layout.folder, layout.csv)
    with open(path, encoding='utf-8-sig', newline='') as file:
        rows = list(csv.reader(file))
    header, body = rows[0], [row for row in rows[1:] if row]
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(
        [header, *(row for row in body if layout.row_key(row, header) not in incomplete)]
    )
    data = text.getvalue().encode()
    record = dict(csv=layout.csv, sha256=hashlib.sha256(data).hexdigest())
    out.write(f'{layout.folder}/{_SUBSET_RECORD}', json.dumps(record).encode())
    out.write(f'{layout.folder}/{layout.csv}', data)


def _remove_own_csv(layout: Layout, out: OutputFolder) -> None:
    record, path = out.join(layout.folder, _SUBSET_RECORD), out.join(layout.folder, layout.csv)
    if not os.path.isfile(record) or not os.path.isfile(path) or os.path.islink(path):
        return
    with open(record, encoding='utf-8') as file, open(path, 'rb') as table:
        if json.load(file)['sha256'] == hashlib.sha256(table.read()).hexdigest():
            os.remove(path)


def _is_there(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False
