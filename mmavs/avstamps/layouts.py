"""Writing clips in the official on-disk layouts of AVSBench."""

import csv
import io
import json
import os
import wave
from pathlib import Path

import cv2
import numpy as np

from mmavs.datasets.classes import voc_palette

from .sets import SetSpec
from .sounds import SAMPLE_RATE


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}.partial')
    partial.write_bytes(data)
    os.replace(partial, path)


def encode_picture(picture: np.ndarray, ending: str) -> bytes:
    """Encode RGB or grey as ``.png`` or ``.jpg``; the same bytes for the same pixels."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1] if ending == '.png' else [cv2.IMWRITE_JPEG_QUALITY, 92]
    if picture.ndim == 3:
        picture = picture[..., ::-1]
    done, data = cv2.imencode(ending, np.ascontiguousarray(picture), options)
    if not done:
        raise ValueError(f'cannot encode a picture {picture.shape} as {ending}')
    return data.tobytes()


def encode_wav(samples: np.ndarray) -> bytes:
    """Encode ``(n, channels)`` int16 at 16 kHz."""
    buffer = io.BytesIO()
    with wave.open(buffer, 'wb') as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype('<i2').tobytes())
    return buffer.getvalue()


def clip_files(
    spec: SetSpec, clip_id: str, split: str, category: str, frames: list[np.ndarray], masks: list[np.ndarray],
    samples: np.ndarray, num_classes: int,
) -> dict[str, bytes]:  # fmt: skip
    """Return the files of one clip, by path relative to the set's folder.

    Args:
        spec: The set.
        clip_id: Id of the clip.
        split: ``'train'``, ``'val'`` or ``'test'``.
        category: Class of the S4 layout.
        frames: ``T`` pictures ``(S, S, 3)``.
        masks: ``T`` class maps ``(S, S)`` uint8, 0 background.
        samples: Stereo sound.
        num_classes: Classes with background, for the colours of the AVSS layout.
    """
    files: dict[str, bytes] = {}
    if spec.layout == 'avss':
        colours = np.array(voc_palette(num_classes), np.uint8)
        for i, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
            files[f'{spec.subset}/{clip_id}/frames/{i}.jpg'] = encode_picture(frame, '.jpg')
            if spec.subset == 'v1s' and split == 'train' and i > 0:
                continue  # as published: one labelled frame per training clip
            files[f'{spec.subset}/{clip_id}/labels_rgb/{i}.png'] = encode_picture(colours[mask], '.png')
            files[f'{spec.subset}/{clip_id}/labels_semantic/{i}.png'] = encode_picture(mask, '.png')
        files[f'{spec.subset}/{clip_id}/audio.wav'] = encode_wav(samples)
        return files
    if spec.layout == 's4':
        data, place = 's4_data', f'{split}/{category}'
        frame_name = f'visual_frames/{place}/{clip_id}/{clip_id}_{{}}.png'
    else:
        data, place = 'ms3_data', split
        frame_name = f'visual_frames/{clip_id}/{clip_id}.mp4_{{}}.png'
    for i, (frame, mask) in enumerate(zip(frames, masks, strict=True), 1):
        files[f'{data}/{frame_name.format(i)}'] = encode_picture(frame, '.png')
        if spec.layout == 's4' and split == 'train' and i > 1:
            continue  # as published: one labelled frame per training clip
        binary = (mask > 0).astype(np.uint8) * 255
        files[f'{data}/gt_masks/{place}/{clip_id}/{clip_id}_{i}.png'] = encode_picture(binary, '.png')
    files[f'{data}/audio_wav/{place}/{clip_id}.wav'] = encode_wav(samples)
    return files


def index_files(layout: str, clips: dict[str, dict], classes: list[str]) -> dict[str, bytes]:
    """Return the csv (and class list) of a folder, by path relative to it.

    Args:
        layout: ``'s4'``, ``'ms3'`` or ``'avss'``.
        clips: ``{clip id: recipe summary}`` of all splits, in order.
        classes: Names of the sounding classes; background is added.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    if layout == 's4':
        writer.writerow(['name', 'start', 'category', 'split'])
        writer.writerows([i, 0, c['category'], c['split']] for i, c in clips.items())
        return {'s4_meta_data.csv': buffer.getvalue().encode()}
    if layout == 'ms3':
        writer.writerow(['video_id', 'split'])
        writer.writerows([i, c['split']] for i, c in clips.items())
        return {'ms3_meta_data.csv': buffer.getvalue().encode()}
    writer.writerow(['vid', 'uid', 's_min', 's_sec', 'a_obj', 'split', 'label'])
    for clip_id, clip in clips.items():
        names = [name for name in classes if any(name in second for second in clip['sounding'])]
        video = clip_id if clip['subset'] == 'v1m' else clip_id.rsplit('_', 2)[0]
        writer.writerow([video, clip_id, 0, 0, '_'.join(names), clip['split'], clip['subset']])
    labels = {name: i for i, name in enumerate(['background', *classes], 1)}  # one-based, as published
    return {
        'metadata.csv': buffer.getvalue().encode(),
        'label2idx.json': json.dumps(labels, indent=0).encode(),
    }
