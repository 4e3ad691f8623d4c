"""Building the benchmark: every clip from its own seed, in any number of processes, resumable."""

import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from .card import write_card
from .catalog import Catalog, SoundingClass
from .contact_sheet import write_contact_sheet
from .layouts import clip_files, encode_wav, index_files, write_bytes
from .packages import find_media
from .recipes import RECIPES, Draw, Recipe
from .scenes import draw
from .sets import CANVAS, OFFSCREEN, SIZES, TINY_CLASSES, SetSpec, choose
from .sounds import mix, offscreen_clip
from .sources import MediaSource, ProceduralSource, StampsSource

SPLITS = ('train', 'val', 'test')
VERSION = 1
MAX_REDRAWS = 30
DEFAULT_CACHE = Path.home() / '.cache' / 'mmavs'
_SOURCE: MediaSource | None = None


@dataclass(frozen=True)
class Settings:
    """What determines the bytes of a build.

    Attributes:
        size: ``'tiny'``, ``'quick'`` or ``'full'``.
        canvas: Side of the frames in pixels.
        seed: Seed of everything.
        kind: Kind of media source.
        version: Version of the recipe.
    """

    size: str
    canvas: int
    seed: int
    kind: str
    version: int = VERSION


@dataclass(frozen=True)
class Task:
    """One clip to build."""

    spec: SetSpec
    split: str
    index: int
    settings: Settings
    out_dir: str

    @property
    def clip_id(self) -> str:
        """Id of the clip, also its key in the resume log."""
        return f'{self.spec.name}_{self.split}_{self.index:05d}'


def classes_of(catalog: Catalog, spec: SetSpec, size: str) -> tuple[SoundingClass, ...]:
    """Classes of a set at a size."""
    if size == 'tiny':
        return catalog.limited(TINY_CLASSES).classes
    return catalog.classes if spec.all_classes else tuple(c for c in catalog.classes if c.core)


def render(source: MediaSource, task: Task) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Draw one clip.

    Returns:
        Its files by path relative to the set's folder, and the summary that goes into ``recipes.json``.
    """
    spec, settings = task.spec, task.settings
    key = [settings.seed, settings.version, SPLITS.index(task.split), task.index, *spec.name.encode()]
    rng = np.random.default_rng(key)
    classes = classes_of(source.catalog, spec, settings.size)
    train = task.split == 'train'
    for _ in range(MAX_REDRAWS):
        recipe = RECIPES[spec.recipe](Draw(source.catalog, classes, train, rng), spec.num_frames)
        frames, owners, visible = draw(
            source, recipe.things, recipe.background, settings.canvas, spec.num_frames, rng, recipe.noise
        )
        if all(v >= recipe.min_visible for v, t in zip(visible, recipe.things, strict=True) if not t.clutter):
            break
    samples = mix(source, recipe.things, spec.num_frames, train, rng, recipe.lost or [False] * spec.num_frames)
    masks = masks_of(recipe, owners, [c.name for c in classes])
    files = clip_files(spec, task.clip_id, task.split, recipe.category, frames, masks, samples, len(classes) + 1)
    return files, summarise(recipe, task, key, masks)


def masks_of(recipe: Recipe, owners: list[np.ndarray], classes: list[str]) -> list[np.ndarray]:
    """Class maps ``(S, S)`` uint8 of what sounds in each second."""
    masks = []
    for second, owner in enumerate(owners):
        labels = [classes.index(t.cls) + 1 if t.cls and t.on[second] else 0 for t in recipe.things]
        masks.append(np.array([*labels, 0], np.uint8)[owner])  # index -1 is background
    return masks


def summarise(recipe: Recipe, task: Task, key: Sequence[int], masks: list[np.ndarray]) -> dict[str, Any]:
    """Describe a clip for ``recipes.json``."""
    objects = [t for t in recipe.things if not t.clutter]
    return dict(
        split=task.split,
        subset=task.spec.subset or task.spec.name,
        category=recipe.category,
        num_frames=recipe.num_frames,
        sounding=[sorted({t.cls for t in objects if t.on[s]}) for s in range(recipe.num_frames)],
        present=sorted({t.cls for t in objects if t.cls}),
        lost=recipe.lost,
        held_out=recipe.held_out,
        area=[round(float((mask > 0).mean()), 4) for mask in masks],
        background=recipe.background or 'noise',
        seed=list(key),
        objects=[
            {
                k: round(v, 3) if isinstance(v, float) else v
                for k, v in asdict(t).items()
                if k not in ('opacity', 'clutter')
            }
            for t in objects
        ],
    )


def _start_worker(kind: str, root: str) -> None:
    """Open the media once per process."""
    global _SOURCE
    os.environ['OMP_NUM_THREADS'] = '1'
    _SOURCE = open_source(kind, root)


def _run(task: Task) -> tuple[str, dict[str, Any]]:
    """Build one clip in a worker; its files are complete when this returns."""
    files, summary = render(_SOURCE, task)
    for name, data in files.items():
        write_bytes(Path(task.out_dir) / task.spec.folder / name, data)
    return task.clip_id, summary


def open_source(kind: str, root: str) -> MediaSource:
    """Open a media source."""
    return ProceduralSource() if kind == 'procedural' else StampsSource(root)


def read_log(path: Path, settings: Settings) -> dict[str, dict[str, Any]]:
    """Read the clips that an earlier call has finished; a last line cut off by a kill is passed over.

    Raises:
        ValueError: The folder was built with other settings.
    """
    done: dict[str, dict[str, Any]] = {}
    if not path.exists():
        return done
    for i, line in enumerate(path.read_text().splitlines()):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            break
        if i == 0:
            if entry != asdict(settings):
                raise ValueError(
                    f'{path.parent} was built with {entry}, now asked for {asdict(settings)}; choose another --out or '
                    'delete it'
                )
        else:
            done[entry['id']] = entry['summary']
    return done


def tasks_of(spec: SetSpec, settings: Settings, out_dir: Path) -> Iterator[Task]:
    """All clips of a set."""
    for split, count in zip(SPLITS, spec.counts[settings.size], strict=True):
        for index in range(count):
            yield Task(spec, split, index, settings, str(out_dir))


def build_benchmark(
    out_dir: str | Path,
    size: str = 'quick',
    sets: Sequence[str] | None = None,
    *,
    source: str | Path | None = None,
    procedural: bool = False,
    seed: int = 0,
    workers: int = 1,
    canvas: int | None = None,
    cache_dir: Path = DEFAULT_CACHE,
    quiet: bool = False,
) -> dict[str, int]:
    """Build (or finish) the benchmark.

    Args:
        out_dir: Where it goes; the layouts are described in ``docs/en/avstamps.md``.
        size: ``'tiny'`` (tests), ``'quick'`` (minutes) or ``'full'``.
        sets: Names of ``sets.SETS``, ``'avss'`` or ``'offscreen'``; ``None`` for everything.
        source: Folder of the unpacked media packages; found or downloaded if ``None``.
        procedural: Shapes and tones instead of the media packages.
        seed: Seed of everything; the same seed gives the same bytes.
        workers: Processes; the result does not depend on it.
        canvas: Side of the frames in pixels; by ``size`` if ``None``.
        cache_dir: Where downloaded packages go.
        quiet: No progress bar.

    Returns:
        Number of clips of each set.

    Raises:
        FileNotFoundError: The media packages cannot be found or downloaded.
        ValueError: An unknown size or set, or a folder built with other settings.
    """
    if size not in SIZES:
        raise ValueError(f'size must be one of {SIZES}, got {size!r}')
    specs = choose(None if sets is None else tuple(sets))
    root = '' if procedural else str(find_media(source, cache_dir))
    kind = 'procedural' if procedural else 'stamps'
    settings = Settings(size, canvas or CANVAS[size], seed, kind)
    out = Path(out_dir)
    media = open_source(kind, root)
    if sets is None or OFFSCREEN in sets:
        for name, sound in media.catalog.offscreen.items():
            write_bytes(out / OFFSCREEN / f'{name}.wav', encode_wav(offscreen_clip(media.sound(sound), 5)))
    summaries: dict[str, dict[str, dict[str, Any]]] = {}
    for spec in specs:
        summaries[spec.name] = _build_set(spec, settings, out, root, workers, quiet)
    for folder in {spec.folder: None for spec in specs}:
        _write_index(folder, [s for s in specs if s.folder == folder], settings, out, media, summaries)
    write_card(out, asdict(settings), specs, summaries, media)
    return {spec.name: len(summaries[spec.name]) for spec in specs}


def _build_set(
    spec: SetSpec, settings: Settings, out: Path, root: str, workers: int, quiet: bool
) -> dict[str, dict[str, Any]]:
    """Build the missing clips of a set; return all summaries in order."""
    log = out / spec.folder / f'.build-{spec.name}.jsonl'
    done = read_log(log, settings)
    tasks = list(tasks_of(spec, settings, out))
    todo = [task for task in tasks if task.clip_id not in done]
    if todo:
        log.parent.mkdir(parents=True, exist_ok=True)
        lines = [asdict(settings), *({'id': key, 'summary': value} for key, value in done.items())]
        write_bytes(log, ''.join(json.dumps(line) + '\n' for line in lines).encode())
        with log.open('a') as file:
            results = _results(todo, settings.kind, root, workers)
            for clip_id, summary in track(results, f'{spec.name:10s}', total=len(todo), disable=quiet):
                done[clip_id] = summary
                file.write(json.dumps({'id': clip_id, 'summary': summary}) + '\n')
                file.flush()
    return {task.clip_id: done[task.clip_id] for task in tasks}


def _results(tasks: list[Task], kind: str, root: str, workers: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run tasks here or in a pool."""
    if workers <= 1:
        _start_worker(kind, root)
        yield from map(_run, tasks)
        return
    context = multiprocessing.get_context('spawn')
    with context.Pool(workers, _start_worker, (kind, root)) as pool:
        yield from pool.imap_unordered(_run, tasks, chunksize=4)


def _write_index(
    folder: str, specs: list[SetSpec], settings: Settings, out: Path, media: MediaSource, summaries: dict[str, Any]
) -> None:
    """Write csv, recipes and contact sheets of a folder."""
    clips = {clip_id: summary for spec in specs for clip_id, summary in summaries[spec.name].items()}
    classes = [c.name for c in classes_of(media.catalog, specs[0], settings.size)]
    for name, data in index_files(specs[0].layout, clips, classes).items():
        write_bytes(out / folder / name, data)
    recipes = json.dumps(dict(classes=classes, clips=clips), separators=(',', ':'))
    write_bytes(out / folder / 'recipes.json', recipes.encode())
    for spec in specs:
        write_contact_sheet(out, spec, summaries[spec.name])


def main_summary(counts: dict[str, int], out_dir: Path, started: float) -> str:
    """One line about a finished build."""
    return (
        f'AVStamps complete: {sum(counts.values())} clips in {len(counts)} sets under {out_dir} '
        f'({time.time() - started:.0f} s); data card: {out_dir / "DATACARD.md"}'
    )
