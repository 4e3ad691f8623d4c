"""From work dirs to the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmavs.datasets.frozen_parts import config_digest

from .clips import ClipCard, draw_cards
from .curves import read_curves
from .page import PageContent, write_page
from .results import LazyTestSet, ModelTester, SetResult
from .runs import TrainedRun
from .tables import NUM_SAMPLES, SetRow, clip_score, set_rows, shared_scores, shown_metrics

ALL = 'all'


@dataclass(frozen=True)
class CompareOptions:
    """Options of a comparison.

    Attributes:
        reference: Name of the model the others are compared with; by default the first.
        clips: Clips with pictures, divided evenly among the test sets; with 0 no data are read if all models have been
            tested already.
        test_sets: Names of the test sets, or ``('all',)``; by default the main one and those that all models have been tested
            on already.
        metrics: Keys of the metrics shown.
        device: Torch device of the models.
        seed: Of the random sample of clips.
        max_mb: Largest size of the page in megabytes.

    Raises:
        ValueError: A negative number of clips, or a size that is not positive.
    """

    reference: str | None = None
    clips: int = 24
    test_sets: Sequence[str] | None = None
    metrics: Sequence[str] | None = None
    device: str = 'cpu'
    seed: int = 0
    max_mb: float = 8.0

    def __post_init__(self) -> None:
        if self.clips < 0 or self.max_mb <= 0:
            raise ValueError(f'clips must not be negative and max_mb positive, got {self.clips} and {self.max_mb}')


def compare_runs(runs: Sequence[TrainedRun], out: str | Path, options: CompareOptions | None = None) -> Path:
    """Test what has not been tested, compare, and write the page.

    Args:
        runs: The models, with names that differ.
        out: The ``.html`` file to write.
        options: See :class:`CompareOptions`.

    Returns:
        ``out``.

    Raises:
        ValueError: An unknown reference, test set or metric, models that were tested on different clips or ground truth, or a
            page that does not fit into its size.
    """
    options = options or CompareOptions()
    names = [run.name for run in runs]
    if options.reference is not None and options.reference not in names:
        raise ValueError(f'reference {options.reference!r} is not one of the models {names}')
    reference = names.index(options.reference) if options.reference is not None else 0
    tester = ModelTester(options.device)
    test_sets = choose_test_sets(runs, options.test_sets)
    results = {name: tester.results(runs, name) for name in test_sets}
    readers = {name: LazyTestSet(runs[0], name) for name in test_sets}
    curves = [read_curves(run.folder) for run in runs]
    gaps = [gap for run in runs for gap in run.gaps]
    gaps += [f'{run.name}: {gap}' for run, found in zip(runs, curves, strict=True) for gap in found.gaps]
    gaps += evaluator_differences(runs)
    if not options.clips:
        gaps.append('subsets are not shown, since no data were read (no clips were asked for)')
    left_out = [name for name in dict.fromkeys(n for run in runs for n in run.test_sets()) if name not in test_sets]
    if left_out and options.test_sets is None:
        gaps.append(f'test sets left out, since not all models have been tested on them: {", ".join(left_out)}')
    content = PageContent(
        names=names,
        checkpoints=[f'{run.default_name}/{run.checkpoint.name}' for run in runs],
        reference=reference,
        parameters=[tester.parameters(run) for run in runs],
        test_set=test_sets[0],
        metrics=[result.metrics for result in results[test_sets[0]]],
        columns=shown_metrics(results[test_sets[0]], options.metrics),
        curves=[found.points for found in curves],
        score=clip_score([result for found in results.values() for result in found]),
        tables=_tables(results, readers if options.clips else {}, reference),
        cards=_cards(runs, results, readers, tester, reference, options),
        gaps=gaps,
        notes=_notes(options, {name: len(found[0].scores.clip_ids) for name, found in results.items()}),
    )
    return write_page(Path(out), content, options.max_mb)


def choose_test_sets(runs: Sequence[TrainedRun], wanted: Sequence[str] | None) -> list[str]:
    """Return the test sets to compare on, the main one of the first run first.

    Args:
        runs: The models.
        wanted: Names, ``('all',)`` for every one that all models have, or ``None`` for the main one and those with a stored
            result of every model.

    Raises:
        ValueError: A model does not have a wanted test set, or a name stands twice.
    """
    mains = {run.main_test_set() for run in runs}
    main = mains.pop() if len(mains) == 1 else 'test'
    if wanted and list(wanted) != [ALL]:
        if len(set(wanted)) < len(wanted):
            raise ValueError(f'test sets must differ, got {list(wanted)}')
        for run in runs:
            for name in wanted:
                run.condition(name)
        return list(wanted)
    common = [name for name in runs[0].test_sets() if all(name in run.test_sets() for run in runs)]
    if wanted is None:
        common = [name for name in common if all(run.stored(name) is not None for run in runs)]
    return list(dict.fromkeys([main, *common]))


def evaluator_differences(runs: Sequence[TrainedRun]) -> list[str]:
    """Sentences about metrics that two models compute with other options: their numbers may mean other things."""
    options = [{metric['type']: metric for metric in _as_list(run.cfg.test_evaluator)} for run in runs]
    found = []
    for run, own in zip(runs[1:], options[1:], strict=True):
        for kind in own.keys() & options[0].keys():
            if config_digest(metric=own[kind]) != config_digest(metric=options[0][kind]):
                found.append(f'{runs[0].name} and {run.name} are tested with other options of {kind}')
    return sorted(found)


def _as_list(evaluator: Any) -> list[Any]:
    return list(evaluator) if isinstance(evaluator, list | tuple) else [evaluator]


def _tables(
    results: dict[str, list[SetResult]], readers: dict[str, LazyTestSet], reference: int
) -> dict[str, list[SetRow]]:
    """Rows of every test set and subset, by score."""
    tables: dict[str, list[SetRow]] = {}
    for name, found in results.items():
        ids = found[0].scores.clip_ids.tolist()
        subsets = readers[name].subsets(ids) if readers else [''] * len(ids)
        for column in shared_scores(found):
            rows = set_rows(name, found, subsets, column, reference)
            tables.setdefault(column, []).extend(rows)
    return {column: rows for column, rows in tables.items() if rows}


def _cards(
    runs: Sequence[TrainedRun],
    results: dict[str, list[SetResult]],
    readers: dict[str, LazyTestSet],
    tester: ModelTester,
    reference: int,
    options: CompareOptions,
) -> list[ClipCard]:
    """Cards of all test sets; the first ones get one clip more where the number does not divide."""
    shares = [len(part) for part in np.array_split(np.arange(options.clips), len(results))]
    cards = []
    for turn, (share, (name, found)) in enumerate(zip(shares, results.items(), strict=True)):
        if share:
            cards += draw_cards(runs, name, found, readers[name], tester, reference, share, options.seed, turn)
    return cards


def _notes(options: CompareOptions, sizes: dict[str, int]) -> list[str]:
    """Say how numbers and pictures came about."""
    sets = ', '.join(f'{name} ({size} clips)' for name, size in sizes.items())
    return [
        f'Test sets: {sets}.',
        f'Intervals: 95 %, bootstrap over the clips, {NUM_SAMPLES} resamples, paired for differences. They hold the chance that '
        'lies in the choice of the test clips, not that of training: for that, train with several seeds.',
        'Where the sound has been replaced and the true masks kept (names such as "shuffled"), a low J is good.',
        f'Pictures: {options.clips} clips asked for, divided evenly among the test sets; a third of each set are those '
        'furthest above the reference, a third those furthest below, and the others are drawn at random '
        f'(seed {options.seed}). The chosen clips are no fair sample; the tables count all clips.',
    ]
