"""From a download to a data set that is known to be complete: find, arrange, rebuild, cache, count, say so."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .archive_safety import Limits
from .arrange import SetReport, arrange, check, compare_with_published, place_csv, read_layout, write_subset_csv
from .caches import cache_log_mel, cache_small_frames, small_folder
from .files import OutputFolder, refuse_overlap
from .layouts import Layout
from .published import PUBLISHED
from .raw_videos import rebuild
from .sources import SourceIndex

_SHOWN = 5  # names of missing files per kind


@dataclass
class Options:
    """What to do.

    Attributes:
        sources: Archives, folders and single csv files of the download; none: what is in ``out`` is checked (and cached).
        out: The output folder.
        mode: ``'link'`` or ``'copy'``.
        expect: ``'published'``: sizes must be those published; ``'found'``: those of the csv are taken.
        subset_ok: Whether a partial download is in order; the csv is then cut down to its complete clips.
        audio: ``'wav'`` or ``'log_mel'``: which of the two a clip must have.
        caches: Out of ``'log_mel'``, ``'frames224'``.
        workers: Processes.
        limits: For archives.
        from_raw: Folder with the videos that frames and wav files are made from.
        audio_rule: See :func:`~mmavs.preparation.raw_videos.read_audio`.
    """

    sources: Sequence[Path]
    out: Path
    mode: str = 'link'
    expect: str = 'published'
    subset_ok: bool = False
    audio: str = 'wav'
    caches: Sequence[str] = ()
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    from_raw: Path | None = None
    audio_rule: str = 'official'


def prepare(layouts: Sequence[Layout], options: Options) -> int:
    """Arrange data sets and print a summary.

    A step whose result is there is skipped, so that an interrupted run is continued by running it again. Sources are only
    read.

    Args:
        layouts: The data sets.
        options: See :class:`Options`.

    Returns:
        0 if everything is there (or, with ``subset_ok``, at least one clip of each set), else 1.

    Raises:
        FileNotFoundError: A source does not exist.
        ValueError: Sources and output overlap, another run is at work, an archive is refused or damaged, two sources
            contradict each other, a csv cannot be understood, or the disk is full.
    """
    sources = [*options.sources, *([options.from_raw] if options.from_raw else [])]
    refuse_overlap(sources, options.out, [folder for layout in layouts for folder in (layout.folder, *layout.makes)])
    out = OutputFolder(options.out)
    with out.exclusive():
        names = {name for layout in layouts for name in (layout.csv, *layout.optional)}
        suffixes = {suffix for layout in layouts for suffix in layout.single_suffixes}
        lengths = {length for layout in layouts for length in layout.lengths}
        index = SourceIndex(sorted(lengths), names, suffixes)
        for source in options.sources:
            index.add(source, out, options.limits)
        reports = [_prepare_set(layout, index, out, options) for layout in layouts]
        reports[0].remarks.extend(index.unread)
    return summarise(reports, options)


def _prepare_set(layout: Layout, index: SourceIndex, out: OutputFolder, options: Options) -> SetReport:
    if not place_csv(layout, index, out, options.mode):
        report = SetReport(layout.name)
        report.problems.append(
            f'{layout.csv} is in none of the sources; add the archive or folder that holds it, or leave the set out (--sets)'
        )
        return report
    clips = read_layout(layout, out)
    made = ('frames', 'wav', 'log_mel') if options.from_raw else ()
    print(f'{layout.name}: arranging the files of {len(clips)} clips', file=sys.stderr, flush=True)
    problems = arrange(clips, index, out, options.mode, [kind for kind in layout.kinds if kind not in made])
    if options.from_raw:
        problems += rebuild(layout, clips, options.from_raw, out, options.workers, options.audio_rule, options.limits)
    if 'log_mel' in options.caches:
        problems += cache_log_mel(layout, clips, out, options.workers)
    required = [options.audio if kind == 'wav' else kind for kind in layout.required]
    report = check(layout, clips, out, required)
    report.problems += problems
    whole = [clip for clip in clips if clip.key not in report.incomplete]
    if options.subset_ok and report.incomplete:
        if index.find((f'{layout.folder}/{layout.csv}', layout.csv)) is None:
            report.problems.append(f'{layout.name}: the csv is cut down from that of a source; name the source too')
        elif whole:
            write_subset_csv(layout, out, report.incomplete)
    if options.expect == 'published':
        compare_with_published(report, [group for group in PUBLISHED if group[0] in layout.subsets])
    if 'frames224' in options.caches:
        report.problems += cache_small_frames(layout, whole, out, options.workers)
        report.remarks.append(
            f'{layout.name}: 224-pixel copy of {len(whole)} clips in {out.join(small_folder(layout))!r}'
        )
    return report


def summarise(reports: Sequence[SetReport], options: Options) -> int:
    """Print what is there and what is missing.

    Args:
        reports: One per data set.
        options: See :class:`Options`.

    Returns:
        The exit code.
    """
    _print_table(reports, options.expect == 'published')
    print()
    for report in reports:
        for remark in report.remarks:
            print(f'note: {remark}')
        for kind, paths in report.missing.items():
            names = ', '.join(paths[:_SHOWN]) + (', ...' if len(paths) > _SHOWN else '')
            print(f'missing: {report.name}: {len(paths)} {kind}: {names}')
        for problem in (*report.sizes, *report.problems):
            print(f'problem: {problem}')
    return _verdict(reports, options)


def _print_table(reports: Sequence[SetReport], published: bool) -> None:
    rows = [['subset', 'split', 'clips', 'complete', 'labelled frames', *(['published', 'labelled'] * published)]]
    for report in reports:
        for group in report.clips:
            row = [*group, report.clips[group], report.complete[group], report.labelled[group]]
            if published:
                expected = PUBLISHED[group]
                row += [f'{number}{"" if expected.checked else "?"}' for number in (expected.clips, expected.labelled)]
            rows.append([str(cell) for cell in row])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        texts = (
            f'{text:{"<" if k < 2 else ">"}{width}}' for k, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print('  '.join(texts))


def _verdict(reports: Sequence[SetReport], options: Options) -> int:
    place = os.fspath(options.out)
    whole = {report.name: sum(report.complete.values()) for report in reports}
    counts = ', '.join(f'{name} {number} clips' for name, number in whole.items())
    incomplete = [report.name for report in reports if report.missing or report.sizes or report.problems]
    if not incomplete:
        checked = 'as published' if options.expect == 'published' else 'sizes not compared (--expect found)'
        print(f'complete: {counts} in {place}; {checked}')
        return 0
    if options.subset_ok and all(whole.values()) and not any(report.problems for report in reports):
        cut = [f'{report.name} {whole[report.name]} of {sum(report.clips.values())}' for report in reports]
        print(f'subset: {", ".join(cut)} clips are complete in {place}; the csv there names only these')
        return 0
    print(f'NOT complete: {", ".join(incomplete)} in {place}; get what is named above and run the same command again')
    return 1
