"""Pictures of a few clips of a set, for a person to look at."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmavs.audio import pad_or_cut_examples, read_wav, vggish_log_mel
from mmavs.visualization.clip_sheet import draw_clip

from .layouts import encode_picture, write_bytes
from .sets import SetSpec

CLIPS = 4


def clip_paths(
    folder: Path, spec: SetSpec, clip_id: str, clip: dict[str, Any]
) -> tuple[list[Path], list[Path], list[Path]]:
    """Frames, masks (those that exist) and recordings of a clip."""
    numbers = range(clip['num_frames'])
    if spec.layout == 'vpo':
        place = folder / 'VPO' / clip['folder']
        sounds = [folder / f'vggsound_bench/VGGSound/audios/{row["vgg_file"]}.wav' for row in clip['sources']]
        return [place / clip['image']], [place / clip['mask']], sounds
    if spec.layout == 'avss':
        base = folder / spec.subset / clip_id
        return (
            [base / f'frames/{i}.jpg' for i in numbers],
            [base / f'labels_semantic/{i}.png' for i in numbers],
            [base / 'audio.wav'],
        )
    if spec.layout == 's4':
        data, place = folder / 's4_data', f'{clip["split"]}/{clip["category"]}'
        frames = [data / f'visual_frames/{place}/{clip_id}/{clip_id}_{i + 1}.png' for i in numbers]
    else:
        data, place = folder / 'ms3_data', clip['split']
        frames = [data / f'visual_frames/{clip_id}/{clip_id}.mp4_{i + 1}.png' for i in numbers]
    masks = [data / f'gt_masks/{place}/{clip_id}/{clip_id}_{i + 1}.png' for i in numbers]
    return frames, masks, [data / f'audio_wav/{place}/{clip_id}.wav']


def heard_at_once(wavs: list[Path]) -> tuple[np.ndarray, int]:
    """Read the recordings of a clip, mono where there are several, and add them over the length of the shortest."""
    waves, rates = zip(*(read_wav(wav) for wav in wavs), strict=True)
    length = min(wave.shape[-1] for wave in waves)
    return sum(wave[..., :length] for wave in waves), rates[0]


def sheet_path(out: Path, spec: SetSpec) -> Path:
    """Where the contact sheet of a set is."""
    return out / 'contact_sheets' / f'{spec.name}.png'


def write_contact_sheet(out: Path, spec: SetSpec, clips: dict[str, dict[str, Any]]) -> None:
    """Draw up to four clips (of the test split where there is one) into ``contact_sheets/{set}.png``."""
    chosen = [item for item in clips.items() if item[1]['split'] == 'test'] or list(clips.items())
    sheets = []
    for clip_id, clip in chosen[:CLIPS]:
        frame_paths, mask_paths, wavs = clip_paths(out / spec.folder, spec, clip_id, clip)
        frames = np.stack([cv2.imread(str(p))[..., ::-1] for p in frame_paths])
        masks = [cv2.imread(str(p), cv2.IMREAD_UNCHANGED) if p.exists() else None for p in mask_paths]
        masks = np.stack(
            [np.zeros(frames.shape[1:3], np.uint8) if m is None else (m > 0).astype(np.uint8) for m in masks]
        )
        log_mel = pad_or_cut_examples(vggish_log_mel(*heard_at_once(wavs)), len(frames))[:, 0].numpy()
        title = f'{clip_id} (in the picture: {", ".join(clip["present"])})' if len(frames) > 1 else clip_id
        if spec.layout == 'vpo':
            title += ''.join(f', {row["cateName"]} at {row["audio_pos"]:.2f}' for row in clip['sources'])
            title += ', silent twin' if clip['twins'] else ''
        lost = clip['lost'] or [False] * len(frames)
        heard = [
            [*names, '(in noise)'] if hidden else names for names, hidden in zip(clip['sounding'], lost, strict=True)
        ]
        sheets.append(draw_clip(frames, gt_masks=masks, log_mel=log_mel, sounding=heard, title=title))
    if sheets:
        width = max(sheet.shape[1] for sheet in sheets)
        padded = [np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0)), constant_values=255) for s in sheets]
        write_bytes(sheet_path(out, spec), encode_picture(np.concatenate(padded), '.png'))
