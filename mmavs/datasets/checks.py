"""Walking over a data set before training: every damaged file by name, not only the first one."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mmavs.audio import read_wav
from mmavs.audio.log_mel import min_duration

from .base_avs_dataset import BaseAVSDataset
from .jpeg_damage import check_jpeg
from .known_defects import COLOURS, LONG_AUDIO, NO_PIXELS
from .media import read_image, read_mask
from .transforms import LoadClipMasks, VGGishLogMel, read_log_mel_pickle


@dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        clip_id: The clip.
        path: The damaged file or folder; empty where the finding is about no single file.
        message: What is wrong and what to do; names the file.
        known: Name of the known defect (:mod:`mmavs.datasets.known_defects`) that it is; empty for real damage.
    """

    clip_id: str
    path: str
    message: str
    known: str = ''


def check_dataset(
    dataset: Any, on_clip: Callable[[], None] | None = None, run_pipeline: bool = True
) -> Iterator[Problem]:
    """Check every clip of a data set.

    Args:
        dataset: A :class:`BaseAVSDataset`, or wrappers (with ``dataset`` or ``datasets``) around some.
        on_clip: Called after each clip, for a progress bar.
        run_pipeline: Whether a clip whose files are in order is also read through the whole pipeline, which shows what the
            files alone cannot (a transform that does not fit, NaN in the input).

    Yields:
        The problems, in the order of the clips.

    Raises:
        TypeError: A data set of another kind.
    """
    for part in unwrap(dataset):
        for index in range(len(part)):
            found = check_clip(part, index)
            if run_pipeline and all(problem.known for problem in found):
                found += _check_pipeline(part, index)
            yield from found
            if on_clip is not None:
                on_clip()


def unwrap(dataset: Any) -> list[BaseAVSDataset]:
    """Data sets inside wrappers such as ``ConcatDataset`` and ``RepeatDataset``; ``TypeError`` for anything else."""
    if isinstance(dataset, BaseAVSDataset):
        return [dataset]
    inside = getattr(dataset, 'datasets', None) or getattr(dataset, 'dataset', None)
    if inside is None:
        raise TypeError(f'expected a BaseAVSDataset or a wrapper around one, got {type(dataset).__name__}')
    return [part for one in (inside if isinstance(inside, (list, tuple)) else [inside]) for part in unwrap(one)]


def check_clip(dataset: BaseAVSDataset, index: int) -> list[Problem]:
    """Check the files of one clip, one by one.

    Args:
        dataset: The data set. How masks and short audio are read follows its pipeline.
        index: The clip.

    Returns:
        All problems of the clip: files that are missing, empty, truncated, damaged inside or no media, frames or masks of
        another size or number, mask values or colours that no class has, audio that is shorter than the clip or holds NaN.
    """
    clip = dataset.get_data_info(index)
    problems, shape = [], None

    def attempt(path: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (FileNotFoundError, ValueError) as error:
            problems.append(Problem(clip['clip_id'], path, str(error)))
            return None

    for path in clip['frame_paths']:
        frame = attempt(path, lambda path=path: _read_frame(path))
        if frame is None:
            continue
        if shape is not None and frame.shape[:2] != shape:
            message = (
                f'frame file {path!r} is {frame.shape[:2]}, the other frames are {shape} (height, width); resize it'
            )
            problems.append(Problem(clip['clip_id'], path, message))
        shape = shape or frame.shape[:2]
    if dataset.own_folders:
        problems.extend(_surplus_frames(clip))
    mode, max_unmatched, paths = _mask_reading(dataset, clip)
    for path in paths:
        if path is not None:
            mask = attempt(path, lambda path=path: read_mask(path, mode, len(clip['classes']), shape, max_unmatched))
            if mask is not None and mode == 'palette' and max_unmatched > 0:
                problems.extend(_unmatched_colours(clip, path))
            if mask is not None and mode == 'vpo':
                problems.extend(_classes_without_pixels(clip, path, mask))
    if 'audio_paths' in clip:  # several sources; short ones are repeated
        for path in clip['audio_paths']:
            attempt(path, lambda path=path: read_wav(path))
    else:
        surplus = attempt(clip['audio_path'], lambda: _check_audio(dataset, clip))
        if surplus:
            problems.append(Problem(clip['clip_id'], clip['audio_path'], surplus, LONG_AUDIO))
    return problems


def _read_frame(path: str) -> np.ndarray:
    frame = read_image(path)
    check_jpeg(path)  # apart, since training goes on over what it finds
    return frame


def _unmatched_colours(clip: dict[str, Any], path: str) -> list[Problem]:
    try:
        read_mask(path, 'palette', len(clip['classes']))
    except ValueError as error:
        return [Problem(clip['clip_id'], path, str(error), COLOURS)]
    return []


def _classes_without_pixels(clip: dict[str, Any], path: str, mask: np.ndarray) -> list[Problem]:
    missing = [name for name in clip['sounding'][0] if not (mask == clip['classes'].index(name)).any()]
    if not missing:
        return []
    message = (
        f'mask file {path!r} has no pixel of {missing}, which the csv lets sound; training goes on with the mask. Look at '
        'cateName in the csv: the object may be covered, or the class wrong'
    )
    return [Problem(clip['clip_id'], path, message, NO_PIXELS)]


def _surplus_frames(clip: dict[str, Any]) -> list[Problem]:
    expected = clip['frame_paths']
    folder, suffix = os.path.dirname(expected[0]), os.path.splitext(expected[0])[1]
    if not os.path.isdir(folder):
        return []  # every frame has been reported as missing
    found = {name for name in os.listdir(folder) if name.endswith(suffix) and not name.startswith('.')}
    surplus = sorted(found - {os.path.basename(path) for path in expected})
    if not surplus:
        return []
    message = (
        f'folder {folder!r} holds {len(found)} frames, the csv and the layout say {len(expected)}; surplus: {surplus[:5]}. '
        'Remove them, or set num_frames of the data set'
    )
    return [Problem(clip['clip_id'], folder, message)]


def _pipeline_part(dataset: BaseAVSDataset, kind: type) -> Any:
    return next((t for t in dataset.pipeline.transforms if isinstance(t, kind)), None)


def _mask_reading(dataset: BaseAVSDataset, clip: dict[str, Any]) -> tuple[str, float, list[str | None]]:
    loader = _pipeline_part(dataset, LoadClipMasks) or LoadClipMasks(dataset.mask_mode)
    mode = loader.mode or clip['mask_mode']
    key = 'index_mask_paths' if mode == 'index' and 'index_mask_paths' in clip else 'mask_paths'
    return mode, loader.max_unmatched, clip[key]


def _check_audio(dataset: BaseAVSDataset, clip: dict[str, Any]) -> str | None:
    """Raise for audio that cannot serve its clip; a sentence where so much is left over that it may belong to another one."""
    path, seconds = clip['audio_path'], clip['num_frames']
    if dataset.audio == 'log_mel':
        found = read_log_mel_pickle(path).shape[0]
        if found < seconds:
            raise ValueError(
                f"log-mel file {path!r} has {found} examples, the clip has {seconds} seconds; use audio='wav'"
            )
        return None  # published files are padded to ten examples
    waveform, sample_rate = read_wav(path)
    front_end = _pipeline_part(dataset, VGGishLogMel)
    padded = front_end is not None and front_end.short_audio != 'error'
    duration = waveform.shape[1] / sample_rate
    if duration < min_duration(seconds) and not padded:
        raise ValueError(
            f'audio file {path!r} lasts {duration:.3f} s, shorter than its clip of {seconds} s '
            f'({min_duration(seconds):.3f} s are needed); extract it again, or pass short_audio to VGGishLogMel'
        )
    if duration < min_duration(seconds + 1):
        return None
    return (
        f'audio file {path!r} lasts {duration:.3f} s at {sample_rate} Hz, its clip {seconds} s; the rest is cut off. Listen to '
        'it: it may be of another clip, or have a wrong sample rate in its header'
    )


def _check_pipeline(dataset: BaseAVSDataset, index: int) -> list[Problem]:
    clip_id = dataset.get_data_info(index)['clip_id']
    try:
        sample = dataset[index]
    except (FileNotFoundError, ValueError) as error:
        return [Problem(clip_id, '', str(error))]
    inputs = sample.get('inputs', {}) if isinstance(sample, dict) else {}
    bad = [key for key, value in inputs.items() if isinstance(value, torch.Tensor) and not value.isfinite().all()]
    if bad:
        return [Problem(clip_id, '', f'clip {clip_id!r}: NaN or infinite values in {bad} after the pipeline')]
    return []
