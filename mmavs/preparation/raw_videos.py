"""Frames and wav files of AVSBench-object from its videos, by the rule of the official scripts.

Source: ``preprocess_scripts`` of AVSBench (OpenNLPLab); their frames go through the pipe of an ffmpeg program (imageio-ffmpeg
0.4, ffmpeg 4.2), their audio through moviepy 1.0, whose rules are kept too.
"""

import io
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import soundfile
import torch

from mmavs.audio import SAMPLE_RATE, resample

from .archive_safety import Limits
from .caches import FRAME_SIZE, encode_png
from .files import OutputFolder
from .layouts import ClipFiles, Layout
from .parallel import run_parallel
from .sources import SourceIndex

AUDIO_RULES = ('official', 'low_pass')
_STEPS = 16  # the scripts take 16 frames per second and keep the last
_DECODED_RATE = 44100  # Hz, what moviepy asks the decoder for
_PEAK = 0.99  # moviepy clips here


class _Task(NamedTuple):
    out: str
    video: str
    frames: tuple[str, ...]
    wav: str
    audio_rule: str


def frame_numbers(rate: float, num_frames: int) -> list[int]:
    """Numbers of the video frames that stand for the seconds of a clip.

    Args:
        rate: Frames per second of the video.
        num_frames: Seconds.

    Returns:
        One number per second, from 0; a number past the end of the video means its last frame.
    """
    interval = round(round(rate, 2))  # the scripts read what ffmpeg prints
    return [int(second * interval + (_STEPS - 1) / _STEPS * interval) for second in range(num_frames)]


def read_frames(path: str, num_frames: int) -> np.ndarray:
    """Decode the frames that stand for the seconds of a clip, squeezed to 224x224.

    Frames are counted at the constant rate at which ffmpeg hands them to the script: where the stored times leave a gap, the
    picture shown then counts again, and where they are too dense, some are left out.

    Args:
        path: A video.
        num_frames: Seconds.

    Returns:
        ``(num_frames, 224, 224, 3)`` uint8 RGB.

    Raises:
        ValueError: The video cannot be decoded, has no picture, no frame rate, or is turned by a flag in its header.
    """
    lasts = _nominal_duration(path)
    with _opened(path, 'video') as (container, stream):
        rate = stream.guessed_rate or stream.average_rate
        if not rate:
            raise ValueError(f'video {path!r} has no frame rate; write it again with a constant one')
        numbers = frame_numbers(float(rate), num_frames)
        wanted, last = {}, None
        for frame, first, stop in _at_constant_rate(container, stream, rate, lasts):
            if getattr(frame, 'rotation', 0):
                raise ValueError(f'video {path!r} is turned by {frame.rotation} degrees; write it again upright')
            last = frame
            here = [number for number in numbers if first <= number < stop]
            if here:
                wanted.update(dict.fromkeys(here, _squeeze(frame)))
            if stop > numbers[-1]:
                break
        if last is None:
            raise ValueError(f'video {path!r} holds no frame; download it again')
        missing = None if len(wanted) == len(set(numbers)) else _squeeze(last)
        return np.stack([wanted.get(number, missing) for number in numbers])


def _nominal_duration(path: str) -> Fraction | None:
    """How long every frame of an mp4 with reordered frames is taken to last, in seconds; ``None`` for other videos.

    Of such files ffmpeg 4.2 does not read the durations: it takes the rate that the codec names.
    """
    with _opened(path, 'video') as (container, stream):
        if 'mp4' not in container.format.name.split(','):
            return None
        rate = stream.codec_context.framerate
        reordered = any(packet.pts != packet.dts for packet in container.demux(stream))
        return (1 / rate if rate else Fraction(0)) if reordered else None


def _at_constant_rate(
    container: Any, stream: Any, rate: Fraction, lasts: Fraction | None = None
) -> Iterator[tuple[Any, int, int]]:
    """Frames, and the ticks (first, end) of a constant rate at which each is shown; those that ffmpeg drops are left out.

    A frame without a time is taken for the next tick. ``lasts`` replaces the stored durations, in seconds.
    """
    tick, previous = 0, None
    for frame in container.decode(stream):
        before, number = 0, 1
        if frame.pts is not None:
            # the time of the file starts at 0, whichever of its tracks comes first
            time = frame.pts * frame.time_base - Fraction(container.start_time or 0, av.time_base)
            shift = 2.0**-17 if time > 0 else -(2.0**-17)  # of ffmpeg: keeps clear of exact halves
            duration = (frame.duration or 0) * frame.time_base if lasts is None else lasts
            before, number = tick_counts(float(time * rate) + shift - tick, max(1, round(duration * rate)))
        middle = tick + (before if previous is not None else 0)
        if middle > tick:
            yield previous, tick, middle
        tick += number
        if tick > middle:
            yield frame, middle, tick
        previous = frame


def tick_counts(late: float, lasts: int) -> tuple[int, int]:
    """Decide how a frame fills ticks of a constant rate, as ffmpeg does for a pipe (``-vsync cfr``).

    Args:
        late: How far behind the next free tick the frame is shown, in ticks; negative if before it.
        lasts: How long it is shown, in ticks.

    Returns:
        How many of the next ticks go to the frame before, and how many are filled in all; 0 drops the frame.

    Source: ``do_video_out`` of ffmpeg 4.2.
    """
    end = late + lasts
    if end < -1.1:
        return 0, 0
    if end <= 1.1:
        return 0, 1
    return round(late - 0.6) if late > 1.1 else 0, round(end)


def _squeeze(frame: Any) -> np.ndarray:
    return cv2.resize(frame.to_ndarray(format='rgb24'), (FRAME_SIZE, FRAME_SIZE))


def read_audio(path: str, rule: str = 'official') -> np.ndarray:
    """Decode the sound of a video at 16 kHz.

    Args:
        path: A video.
        rule: ``'official'``: decoded to 44.1 kHz stereo, of which the nearest sample is taken without any low-pass (tones
            above 8 kHz fold down, and the published log-mels contain them), clipped at 0.99. ``'low_pass'``: all channels
            at their own rate, band-limited by :func:`mmavs.audio.resample`.

    Returns:
        ``(n, channels)`` int16.

    Raises:
        ValueError: An unknown rule; or the video cannot be decoded, has no sound or no duration.
    """
    if rule not in AUDIO_RULES:
        raise ValueError(f'the audio rule must be one of {AUDIO_RULES}, got {rule!r}')
    with _opened(path, 'audio') as (container, stream):
        if rule == 'low_pass':
            rate, samples = stream.rate, _decode_audio(container, stream, None, stream.rate)
            waveform = resample(torch.from_numpy(samples.T.astype(np.float32) / 32768), rate, SAMPLE_RATE)
            return (waveform.T.numpy() * 32768).round().clip(-32768, 32767).astype(np.int16)
        if not container.duration:
            raise ValueError(f'video {path!r} has no duration in its header; write it again')
        samples = _decode_audio(container, stream, 'stereo', _DECODED_RATE)
        hundredths = (container.duration + 5000) // 10000  # the decoder's report, which moviepy reads, is rounded so
        times = np.arange(int(SAMPLE_RATE * (hundredths / 100))) / SAMPLE_RATE
        nearest = np.round(_DECODED_RATE * times).astype(np.int64).clip(max=len(samples) - 1)
        return (32768 * (samples[nearest] / 32768).clip(-_PEAK, _PEAK)).astype(np.int16)


def _decode_audio(container: Any, stream: Any, layout: str | None, rate: int) -> np.ndarray:
    """Samples ``(n, channels)`` int16."""
    resampler = av.AudioResampler(format='s16', layout=layout or stream.layout, rate=rate)
    blocks = [block for frame in container.decode(stream) for block in resampler.resample(frame)]
    blocks += resampler.resample(None)
    channels = len(resampler.layout.channels)
    parts = [block.to_ndarray().reshape(-1, channels) for block in blocks]
    if not sum(map(len, parts)):
        raise ValueError(f'video {container.name!r} has a sound track without samples; download it again')
    return np.concatenate(parts)


@contextmanager
def _opened(path: str, kind: str) -> Iterator[tuple[Any, Any]]:
    """Open a video and give its first picture or sound track; every fault of the decoder becomes a ``ValueError``."""
    try:
        with av.open(path) as container:
            streams = getattr(container.streams, kind)
            if not streams:
                raise ValueError(f'video {path!r} has no {kind} track; download it again')
            yield container, streams[0]
    except av.FFmpegError as error:
        raise ValueError(f'video {path!r} cannot be decoded ({error}); download it again') from error


def rebuild(
    layout: Layout,
    clips: Collection[ClipFiles],
    folder: str | os.PathLike,
    out: OutputFolder,
    workers: int,
    audio_rule: str = 'official',
    limits: Limits | None = None,
) -> list[str]:
    """Make the frames and wav files of all clips that lack some.

    Every clip gets all its frames: where the official script stops early (start times above 5 s), the last frame of the
    video is repeated, as the rule does with any number past the end.

    Args:
        layout: S4 or MS3.
        clips: Its clips.
        folder: Where the videos are: ``raw_videos`` or something above it.
        out: The output folder.
        workers: Processes.
        audio_rule: See :func:`read_audio`.
        limits: For archives in ``folder``.

    Returns:
        Messages of the failures.
    """
    index = SourceIndex((2, 3, 4), {clip.key.split('/')[-1] + '.mp4' for clip in clips})
    index.add(folder, out, limits)
    tasks, failures, unknown = [], [], []
    for clip in clips:
        frames, wav = tuple(file.path for file in clip.of('frames')), clip.of('wav')[0].path
        if all(os.path.isfile(out.join(path)) for path in (*frames, wav)):
            continue
        split, tail = f'{clip.key}.mp4'.split('/', 1)
        video = index.find((f'raw_videos/{split}/{tail}', f'raw_videos/{tail}', f'{split}/{tail}', tail))
        if video is None:
            unknown.append(tail)
            continue
        tasks.append(_Task(out.path, video, frames, wav, audio_rule))
    if unknown:
        failures.append(
            f'{layout.name}: {len(unknown)} videos are missing in {os.fspath(folder)!r}, for example {unknown[0]!r}'
        )
    return failures + run_parallel(_rebuild_clip, tasks, workers, f'{layout.name}: frames and wav from videos')


def _rebuild_clip(task: _Task) -> None:
    out = OutputFolder(task.out)
    frames = read_frames(task.video, len(task.frames))
    for path, frame in zip(task.frames, frames, strict=True):
        if not os.path.isfile(out.join(path)):
            out.write(path, encode_png(frame))
    if not os.path.isfile(out.join(task.wav)):
        buffer = io.BytesIO()
        soundfile.write(buffer, read_audio(task.video, task.audio_rule), SAMPLE_RATE, 'PCM_16', format='WAV')
        out.write(task.wav, buffer.getvalue())
