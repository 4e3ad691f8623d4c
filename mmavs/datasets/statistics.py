"""What a data set consists of: classes, mask areas, changes of who sounds, and how many of its clips are hard."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from .base_avs_dataset import BaseAVSDataset
from .media import IGNORE, read_image, read_mask

AREA_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)  # shares of the frame
_BINS = 6  # per colour channel: coarse enough that noise and compression do not tell two surfaces apart


@dataclass(frozen=True)
class Thresholds:
    """When a clip counts as challenging; the definition is that of mmavs.

    Attributes:
        change_rate: Share of the steps from second to second at which the set of sounding objects changes, from which on the
            changes are frequent.
        similarity: Overlap of the colours of object and surroundings (0 to 1), from which on the object has a look-alike
            beside it.
        ring: Width of the surroundings, as a share of the shorter side of the frame.
    """

    change_rate: float = 0.5
    similarity: float = 0.5
    ring: float = 0.15

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 < value <= 1:
                raise ValueError(f'{name} must be above 0 and at most 1, got {value}')


@dataclass(frozen=True)
class ClipStatistics:
    """Measurements of one clip.

    Attributes:
        clip_id: The clip.
        split: Its split.
        names: Names of what sounds in each second; ``None`` where that is not known.
        areas: Share of the frame under the mask, for every labelled frame.
        changes: Steps between neighbouring seconds at which the names differ, or ``None`` where fewer than two are known.
        steps: Number of neighbouring seconds of which both are known.
        similarity: Largest overlap of object and surroundings over the labelled frames; 0 without any object.
        example: Path of the frame with that overlap and of its mask.
        related: Whether two present classes belong to one group of look-alikes; ``None`` where groups or classes are unknown.
        folder: Subset, and category where the layout has a folder for each: an id is unique there only.
    """

    clip_id: str
    split: str
    names: tuple[tuple[str, ...] | None, ...]
    areas: tuple[float, ...]
    changes: int | None
    steps: int
    similarity: float
    example: tuple[str, str] | None
    related: bool | None
    folder: str = ''

    @property
    def key(self) -> str:
        """Split, folder and id, which no two clips of a data set share."""
        return '/'.join(part for part in (self.split, self.folder, self.clip_id) if part)

    def is_changing(self, thresholds: Thresholds) -> bool:
        """Whether who sounds changes often."""
        return bool(self.changes) and self.changes / self.steps >= thresholds.change_rate

    def has_lookalike(self, thresholds: Thresholds) -> bool:
        """Whether something that looks like the object is beside it; classes decide where they are known."""
        return self.similarity >= thresholds.similarity if self.related is None else self.related


def surroundings_overlap(frame: np.ndarray, mask: np.ndarray, ring: float) -> float:
    """Compare the colours of an object with those around it.

    Args:
        frame: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` bool, the object.
        ring: Width of the surroundings, as a share of the shorter side.

    Returns:
        Intersection of the two normalised colour histograms, 0 to 1; 0 if there is no object or nothing around it.
    """
    reach = max(1, round(ring * min(mask.shape)))
    around = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)).astype(bool) & ~mask
    if not mask.any() or not around.any():
        return 0.0
    bins = frame.astype(np.int32) * _BINS // 256
    codes = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
    inside, outside = (np.bincount(codes[part], minlength=_BINS**3) / part.sum() for part in (mask, around))
    return float(np.minimum(inside, outside).sum())


def measure_clip(
    dataset: BaseAVSDataset, index: int, thresholds: Thresholds, groups: Mapping[str, str] | None = None
) -> ClipStatistics:
    """Measure one clip at the stored resolution.

    Who sounds is taken from the recipes where the data set has them, from the masks of a semantic set, and from the category
    of S4; of a binary set without any of them it is only known whether something sounds.

    Args:
        dataset: The data set; its pipeline is not used.
        index: The clip.
        thresholds: Only ``ring`` is used here.
        groups: Group of look-alikes by class name.

    Raises:
        FileNotFoundError: A frame or mask is missing.
        ValueError: A frame or mask is damaged.
    """
    clip = dataset.get_data_info(index)
    classes = clip['classes']
    areas, seen, best, example = [], [None] * clip['num_frames'], 0.0, None
    for second, (frame_path, mask_path) in enumerate(zip(clip['frame_paths'], clip['mask_paths'], strict=True)):
        if mask_path is None:
            continue
        frame = read_image(frame_path)
        labels = read_mask(mask_path, clip['mask_mode'], len(classes), frame.shape[:2], max_unmatched=1.0)
        found = np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256)[:IGNORE])
        seen[second] = tuple(classes[i] for i in found if i)
        mask = (labels > 0) & (labels != IGNORE)
        areas.append(float(mask.mean()))
        overlap = surroundings_overlap(frame, mask, thresholds.ring)
        if overlap > best:
            best, example = overlap, (frame_path, mask_path)
    exact = dataset.recipes_file is not None
    names = [tuple(sorted(second)) for second in clip['sounding']] if exact else seen
    known = [(a, b) for a, b in pairwise(names) if a is not None and b is not None]
    changes = sum(set(a) != set(b) for a, b in known) if known else None
    if not exact and len(classes) == 2 and 'sounding' in clip:
        # the mask says whether the object sounds, the csv which one it is
        names = [None if second is None else tuple(clip['sounding'][0]) if second else () for second in names]
    return ClipStatistics(
        clip_id=clip['clip_id'],
        split=clip['split'],
        names=tuple(names),
        areas=tuple(areas),
        changes=changes,
        steps=len(known),
        similarity=best,
        example=example,
        related=_related(clip, names, groups),
        folder='/'.join(clip[part] for part in ('subset', 'category') if part in clip),
    )


def _related(
    clip: dict[str, Any], names: Sequence[tuple[str, ...] | None], groups: Mapping[str, str] | None
) -> bool | None:
    present = set(clip.get('present') or (name for second in names for name in second or ()))
    if not groups or not present <= set(groups):
        return None
    return max(Counter(groups[name] for name in present).values(), default=0) > 1


def measure(
    dataset: BaseAVSDataset,
    thresholds: Thresholds,
    groups: Mapping[str, str] | None = None,
    max_clips: int | None = None,
    on_clip: Callable[[], None] | None = None,
) -> list[ClipStatistics]:
    """Measure the clips of a data set, or ``max_clips`` of them, evenly spaced; see :func:`measure_clip`."""
    number = min(len(dataset), max_clips or len(dataset))
    clips = []
    for index in np.linspace(0, len(dataset) - 1, number).round().astype(int).tolist():
        clips.append(measure_clip(dataset, index, thresholds, groups))
        if on_clip is not None:
            on_clip()
    return clips


def summarise(clips: Sequence[ClipStatistics], thresholds: Thresholds) -> dict[str, Any]:
    """Sum up clips as plain values, ready for JSON.

    Args:
        clips: At least one.
        thresholds: What counts as challenging.

    Returns:
        ``clips``, ``labelled_frames``, ``empty_frames`` (share of the labelled frames), ``class_clips`` and ``class_seconds``
        by name, ``area`` (mean and quartiles over frames with an object), ``area_histogram`` over :data:`AREA_EDGES`,
        ``changes`` (clips by number of changes), ``cooccurrence`` (``names`` and ``seconds``, a symmetric matrix whose
        diagonal is the number of seconds of the class), and ``challenging``: shares of the clips with look-alikes, with
        frequent changes, with either and with both, how many clips were judged by classes, and the thresholds.

    Raises:
        ValueError: No clip.
    """
    if not clips:
        raise ValueError('there is no clip to sum up; check split and max_clips')
    seconds = [names for clip in clips for names in clip.names if names is not None]
    class_clips = Counter(name for clip in clips for name in {n for second in clip.names for n in second or ()})
    order = [name for name, _ in sorted(class_clips.items(), key=lambda item: (-item[1], item[0]))]
    areas = np.array([area for clip in clips for area in clip.areas if area > 0])
    quartiles = np.percentile(areas, (25, 50, 75)).tolist() if len(areas) else [0.0] * 3
    labelled = sum(len(clip.areas) for clip in clips)
    similar = np.array([clip.has_lookalike(thresholds) for clip in clips])
    changing = np.array([clip.is_changing(thresholds) for clip in clips])
    return dict(
        clips=len(clips),
        labelled_frames=labelled,
        empty_frames=1 - len(areas) / labelled if labelled else 0.0,
        class_clips={name: class_clips[name] for name in order},
        class_seconds=dict(Counter(name for names in seconds for name in names)),
        area=dict(mean=float(areas.mean()) if len(areas) else 0.0, quartiles=quartiles),
        area_histogram=np.histogram(areas, AREA_EDGES)[0].tolist(),
        changes={str(k): v for k, v in sorted(Counter(c.changes for c in clips if c.changes is not None).items())},
        cooccurrence=dict(names=order, seconds=_cooccurrence(seconds, order)),
        challenging=dict(
            lookalike=float(similar.mean()),
            changing=float(changing.mean()),
            either=float((similar | changing).mean()),
            both=float((similar & changing).mean()),
            judged_by_classes=sum(clip.related is not None for clip in clips),
            thresholds=asdict(thresholds),
        ),
    )


def _cooccurrence(seconds: Iterable[tuple[str, ...]], order: Sequence[str]) -> list[list[int]]:
    columns = {name: column for column, name in enumerate(order)}
    matrix = np.zeros((len(order), len(order)), np.int64)
    for names in seconds:
        chosen = [columns[name] for name in set(names)]
        matrix[np.ix_(chosen, chosen)] += 1
    return matrix.tolist()
