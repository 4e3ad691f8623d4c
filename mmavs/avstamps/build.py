"""Building the benchmark: every clip from its own seed, in any number of processes, resumable."""

import json
import multiprocessing
import multiprocessing.pool
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.progress import track

from .card import write_card
from .catalog import Catalog, SoundingClass
from .contact_sheet import sheet_path, write_contact_sheet
from .layouts import clip_files, encode_wav, index_files, write_bytes
from .packages import find_media
from .recipes import RECIPES, Draw, Recipe
from .scenes import draw
from .sets import CANVAS, OFFSCREEN, SETS, SIZES, TINY_CLASSES, SetSpec, choose
from .sounds import mix, offscreen_clip
from .sources import MediaSource, ProceduralSource, StampsSource
from .vpo import vpo_clip, vpo_tables
from .vpo_recipes import VPO_RECIPES

SPLITS = ('train', 'val', 'test')
VERSION = 2
MAX_REDRAWS = 30
MIN_CANVAS = 32
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
        """Id of the clip, also its key in the resume log; v1s and v2 end in start and end (ms), as published."""
        name = f'{self.spec.name}_{self.split}_{self.index:05d}'
        return f'{name}_0_{1000 * self.spec.num_frames}' if self.spec.subset in ('v1s', 'v2') else name


def classes_of(catalog: Catalog, spec: SetSpec, size: str) -> tuple[SoundingClass, ...]:
    """Classes of a set at a size."""
    if size == 'tiny' and spec.layout != 'vpo':  # few of the limited classes are classes of VPO
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
    best_margin = -np.inf
    for _ in range(MAX_REDRAWS):  # the least hidden draw serves where none of them shows enough of every object
        drawn = {**RECIPES, **VPO_RECIPES}[spec.recipe](Draw(source.catalog, classes, train, rng), spec.num_frames)
        *pictures, visible = draw(
            source, drawn.things, drawn.background, settings.canvas, spec.num_frames, rng, drawn.noise
        )
        margin = min(v for v, t in zip(visible, drawn.things, strict=True) if not t.clutter) - drawn.min_visible
        if margin > best_margin:
            best_margin, recipe, (frames, owners) = margin, drawn, pictures
        if margin >= 0:
            break
    if spec.layout == 'vpo':
        place = (task.split, SPLITS.index(task.split), task.index)
        files, masks, more = vpo_clip(source, spec, place, recipe, frames[0], owners[0], rng)
        return files, {**summarise(recipe, task, key, [masks]), **more}
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
    cv2.setNumThreads(1)
    _SOURCE = open_source(kind, root)


def _run(task: Task, source: MediaSource | None = None) -> dict[str, Any]:
    """Build one clip; its files are complete when this returns. The result is its entry in the resume log."""
    files, summary = render(source or _SOURCE, task)
    for name, data in files.items():
        write_bytes(Path(task.out_dir) / task.spec.folder / name, data)
    return dict(id=task.clip_id, summary=summary, files={name: len(data) for name, data in files.items()})


def open_source(kind: str, root: str) -> MediaSource:
    """Open a media source."""
    return ProceduralSource() if kind == 'procedural' else StampsSource(root)


def read_log(path: Path, settings: Settings) -> dict[str, dict[str, Any]]:
    """Read the clips that an earlier call has finished; a last line cut off by a kill is passed over.

    Returns:
        ``{clip id: {'id': ..., 'summary': ..., 'files': {path relative to the set's folder: bytes}}}``.

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
            done[entry['id']] = entry
    return done


def is_intact(folder: Path, entry: dict[str, Any]) -> bool:
    """Whether every file of a finished clip is still there in its full length."""
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size for name, size in entry['files'].items()
    )


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
        sets: Names of ``sets.SETS``, ``'avss'``, ``'vpo'`` or ``'offscreen'``; ``None`` for everything.
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
        ValueError: An unknown size or set, a canvas or number of workers that is too small, or a folder built with other
            settings.
    """
    if size not in SIZES:
        raise ValueError(f'size must be one of {SIZES}, got {size!r}')
    if canvas is not None and canvas < MIN_CANVAS:
        raise ValueError(f'canvas must be at least {MIN_CANVAS} pixels, got {canvas}')
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    specs = choose(None if sets is None else tuple(sets))
    root = '' if procedural else str(find_media(source, cache_dir))
    kind = 'procedural' if procedural else 'stamps'
    settings = Settings(size, CANVAS[size] if canvas is None else canvas, seed, kind)
    out = Path(out_dir)
    media = open_source(kind, root)
    if sets is None or OFFSCREEN in sets:
        for name, sound in media.catalog.offscreen.items():
            write_bytes(out / OFFSCREEN / f'{name}.wav', encode_wav(offscreen_clip(media.sound(sound), 5)))
    crew = _Crew(media, kind, root, workers)
    built: dict[str, dict[str, dict[str, Any]]] = {}
    try:
        for spec in specs:
            built[spec.name] = _build_set(spec, settings, out, crew, quiet)
    finally:
        crew.close()
    summaries = {**_earlier_sets(settings, out, set(built)), **built}
    known = [spec for spec in SETS if spec.name in summaries]
    for folder in {spec.folder: None for spec in specs}:
        _write_index([s for s in known if s.folder == folder], settings, out, media, summaries)
    write_card(out, asdict(settings), known, summaries, media)
    return {spec.name: len(built[spec.name]) for spec in specs}


class _Crew:
    """Runs tasks in this process, or in one pool for all sets (a process takes seconds to start and to read its media)."""

    def __init__(self, media: MediaSource, kind: str, root: str, workers: int) -> None:
        self.media, self.kind, self.root, self.workers = media, kind, root, workers
        self.pool: multiprocessing.pool.Pool | None = None

    def run(self, tasks: list[Task]) -> Iterator[dict[str, Any]]:
        """Yield the log entries of the clips as they are finished, in any order."""
        if self.workers == 1:
            yield from (_run(task, self.media) for task in tasks)
            return
        if self.pool is None:
            context = multiprocessing.get_context('spawn')
            self.pool = context.Pool(self.workers, _start_worker, (self.kind, self.root))
        yield from self.pool.imap_unordered(_run, tasks, chunksize=4)

    def close(self) -> None:
        """End the processes, also in the middle of the work."""
        if self.pool is not None:
            self.pool.terminate()
            self.pool.join()


def _log_path(spec: SetSpec, out: Path) -> Path:
    return out / spec.folder / f'.build-{spec.name}.jsonl'


def _build_set(spec: SetSpec, settings: Settings, out: Path, crew: _Crew, quiet: bool) -> dict[str, dict[str, Any]]:
    """Build the missing clips of a set; return all summaries in order."""
    log, folder = _log_path(spec, out), out / spec.folder
    done = {key: entry for key, entry in read_log(log, settings).items() if is_intact(folder, entry)}
    tasks = list(tasks_of(spec, settings, out))
    todo = [task for task in tasks if task.clip_id not in done]
    if todo:
        sheet_path(out, spec).unlink(missing_ok=True)  # it shows what was there before
        lines = [asdict(settings), *done.values()]
        write_bytes(log, ''.join(json.dumps(line) + '\n' for line in lines).encode())
        with log.open('a') as file:
            for entry in track(crew.run(todo), f'{spec.name:10s}', total=len(todo), disable=quiet):
                done[entry['id']] = entry
                file.write(json.dumps(entry) + '\n')
                file.flush()
    return {task.clip_id: done[task.clip_id]['summary'] for task in tasks}


def _earlier_sets(settings: Settings, out: Path, besides: set[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Summaries of the complete sets of earlier calls: csv and data card describe the whole folder, not the last call."""
    found = {}
    for spec in SETS:
        if spec.name not in besides:
            done = read_log(_log_path(spec, out), settings)
            ids = [task.clip_id for task in tasks_of(spec, settings, out)]
            if done and all(clip_id in done for clip_id in ids):
                found[spec.name] = {clip_id: done[clip_id]['summary'] for clip_id in ids}
    return found


def _write_index(
    specs: list[SetSpec], settings: Settings, out: Path, media: MediaSource, summaries: dict[str, Any]
) -> None:
    """Write csv, recipes and the missing contact sheets of a folder."""
    folder = out / specs[0].folder
    clips = {clip_id: summary for spec in specs for clip_id, summary in summaries[spec.name].items()}
    classes = [c.name for c in classes_of(media.catalog, specs[0], settings.size)]
    layout = specs[0].layout
    tables = vpo_tables(clips) if layout == 'vpo' else index_files(layout, clips, classes)
    for name, data in tables.items():
        write_bytes(folder / name, data)
    recipes = json.dumps(dict(classes=classes, clips=clips), separators=(',', ':'))
    write_bytes(folder / 'recipes.json', recipes.encode())
    for spec in specs:
        if not sheet_path(out, spec).exists():
            write_contact_sheet(out, spec, summaries[spec.name])


def main_summary(counts: dict[str, int], out_dir: Path, started: float) -> str:
    """One line about a finished build."""
    return (
        f'AVStamps complete: {sum(counts.values())} clips in {len(counts)} sets under {out_dir} '
        f'({time.time() - started:.0f} s); data card: {out_dir / "DATACARD.md"}'
    )
