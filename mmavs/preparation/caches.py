"""Results of the slow parts of the pipeline, stored once where the data set classes read them: log-mels and small frames."""

import io
import os
from collections.abc import Collection
from typing import NamedTuple

import cv2
import numpy as np
import torch

from mmavs.audio import pad_or_cut_examples, read_wav, vggish_log_mel
from mmavs.datasets.media import read_image, read_mask
from mmavs.datasets.transforms import LoadClipFrames, ResizeClip, ResizeShortSideCenterCropClip

from .files import OutputFolder
from .layouts import ClipFiles, Layout
from .parallel import run_parallel

FRAME_SIZE = 224  # pixels, side of the frames that the published AVSS networks see


class _LogMelTask(NamedTuple):
    out: str
    wav: str
    target: str
    num_frames: int
    short_audio: str


class _FramesTask(NamedTuple):
    out: str
    split: str
    files: tuple[tuple[str, str, str], ...]  # kind, source, target; relative to out


def cache_log_mel(layout: Layout, clips: Collection[ClipFiles], out: OutputFolder, workers: int) -> list[str]:
    """Compute the log-mel of every wav that has none yet, in the file that ``audio='log_mel'`` reads.

    The values are those that ``LoadAudio`` and ``VGGishLogMel`` give. Log-mels that the download has are kept.

    Args:
        layout: The data set; it says how short audio is filled up.
        clips: Its clips.
        out: The output folder.
        workers: Processes.

    Returns:
        Messages of the failures.
    """
    tasks = []
    for clip in clips:
        wav, target = (clip.of(kind)[0].path for kind in ('wav', 'log_mel'))
        if os.path.isfile(out.join(wav)) and not os.path.isfile(out.join(target)):
            tasks.append(_LogMelTask(out.path, wav, target, clip.num_frames, layout.short_audio))
    return run_parallel(_write_log_mel, tasks, workers, f'{layout.name}: log-mel')


def _write_log_mel(task: _LogMelTask) -> None:
    path = os.path.join(task.out, task.wav)
    waveform, sample_rate = read_wav(path)
    try:
        log_mel = pad_or_cut_examples(vggish_log_mel(waveform, sample_rate), task.num_frames, task.short_audio)
    except ValueError as error:
        raise ValueError(f'audio file {path!r}: {error}') from error
    buffer = io.BytesIO()
    torch.save(log_mel.detach().clone(), buffer)  # a clone: torch.save stores the whole storage of a view
    OutputFolder(task.out).write(task.target, buffer.getvalue())


def small_folder(layout: Layout) -> str:
    """Data root of the 224-pixel copy of a data set, relative to the output folder."""
    return f'{layout.folder}-{FRAME_SIZE}'


def cache_small_frames(layout: Layout, clips: Collection[ClipFiles], out: OutputFolder, workers: int) -> list[str]:
    """Write frames and masks of AVSS at 224x224, as the published loader makes them, into a data root of its own.

    Training clips: short side to 224, centre crop; the others: resized to 224x224. Frames keep their names (``.jpg``) but
    are stored without loss (PNG), so that no pixel differs from what the pipeline computes; readers go by the content.
    Audio, csv and class list are linked.

    Args:
        layout: The data set.
        clips: Its complete clips.
        out: The output folder.
        workers: Processes.

    Returns:
        Messages of the failures.
    """

    def target(path: str) -> str:
        return small_folder(layout) + path.removeprefix(layout.folder)

    tasks = []
    for clip in clips:
        pictures = clip.of('frames', 'masks', 'index masks')
        files = tuple((file.kind, file.path, target(file.path)) for file in pictures)
        if not all(os.path.isfile(out.join(path)) for _, _, path in files):
            tasks.append(_FramesTask(out.path, clip.split, files))
    failures = run_parallel(_write_small_frames, tasks, workers, f'{layout.name}: {FRAME_SIZE}-pixel frames and masks')
    linked = [f'{layout.folder}/{name}' for name in (layout.csv, *layout.optional)]
    linked += [file.path for clip in clips for file in clip.of('wav', 'log_mel')]
    for path in linked:
        if os.path.isfile(out.join(path)):
            out.link(target(path), out.join(path))
    return failures


def _write_small_frames(task: _FramesTask) -> None:
    def paths(kind: str) -> list[str]:
        return [os.path.join(task.out, source) for name, source, _ in task.files if name == kind]

    frames = LoadClipFrames().transform(dict(frame_paths=paths('frames')))['frames']
    shape = frames.shape[1:3]
    # colour planes are resized like class indices: to the nearest pixel, without a colour in between
    colours = [read_image(path) for path in paths('masks')]
    indices = [read_mask(path, 'index', 256, shape) for path in paths('index masks')]
    for path, mask in zip(paths('masks'), colours, strict=True):
        if mask.shape[:2] != shape:
            raise ValueError(f'mask file {path!r} is {mask.shape[:2]}, its frame is {shape} (height, width)')
    planes = [plane for mask in colours for plane in np.moveaxis(mask, -1, 0)] + indices
    transform = ResizeShortSideCenterCropClip(FRAME_SIZE) if task.split == 'train' else ResizeClip(FRAME_SIZE)
    result = transform.transform(dict(frames=frames, gt_masks=np.stack(planes)))
    small, number = result['gt_masks'], 3 * len(colours)
    pictures = [
        *result['frames'],
        *np.moveaxis(small[:number].reshape(-1, 3, *small.shape[1:]), 1, -1),
        *small[number:],
    ]
    out = OutputFolder(task.out)
    for (_, _, target), picture in zip(task.files, pictures, strict=True):
        out.write(target, encode_png(picture))


def encode_png(picture: np.ndarray) -> bytes:
    """PNG of ``(H, W, 3)`` RGB or ``(H, W)`` uint8."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode('.png', np.ascontiguousarray(picture))[1].tobytes()
