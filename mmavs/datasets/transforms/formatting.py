"""The last step of every pipeline."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmavs.registry import TRANSFORMS
from mmavs.structures import AVSDataSample

META_KEYS = (
    'clip_id',
    'audio_clip_id',
    'split',
    'subset',
    'category',
    'classes',
    'tag_classes',
    'sounding',
    'present',
    'held_out',
    'frame_paths',
    'mask_paths',
    'audio_path',
    'audio_seconds',
    'ori_shape',
    'sample_idx',
)


def _channels_first(frames: np.ndarray) -> np.ndarray:
    """``(T, H, W, C)`` to contiguous ``(T, C, H, W)``; OpenCV takes channels apart faster than numpy copies a transposed view."""
    num_frames, height, width, channels = frames.shape
    packed = np.empty((num_frames, channels, height, width), frames.dtype)
    for frame, planes in zip(frames, packed, strict=True):
        cv2.split(frame, list(planes))
    return packed


@TRANSFORMS.register_module()
class PackAVSInputs(BaseTransform):
    """Pack a clip as ``dict(inputs=dict(frames=..., audio=...), data_samples=AVSDataSample)``.

    Without ``frames`` (audio-only tasks) the inputs hold the audio alone and the sample has no masks; without ``audio`` (a
    caller that passes audio features) the frames alone.

    Shapes:
        - in: ``frames`` ``(T, H, W, 3)`` uint8, ``audio`` ``(T, 1, 96, 64)``, ``gt_masks`` ``(T, H, W)`` uint8.
        - out: ``frames`` ``(T, 3, H, W)`` uint8, ``audio`` float32; ``gt_masks`` long, ``frame_valid``, ``frame_annotated``,
          ``frame_labelled`` ``(T,)`` bool, ``tags`` ``(T, num_tags)`` float32 where known.

    Args:
        meta_keys: Entries that become metainfo, as far as the sample has them.

    Raises:
        ValueError: Neither frames nor audio, or per-frame entries of different length.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack."""
        num_frames = results['num_frames']
        inputs, fields = {}, {}
        if 'frames' in results:
            inputs['frames'] = torch.from_numpy(_channels_first(results['frames']))
        if 'audio' in results:
            inputs['audio'] = torch.as_tensor(results['audio'], dtype=torch.float32).contiguous()
        if not inputs:
            raise ValueError('PackAVSInputs has neither "frames" nor "audio"; add LoadClipFrames or an audio front end')
        if 'gt_masks' in results:
            fields['gt_masks'] = torch.from_numpy(results['gt_masks']).long()
        fields['frame_valid'] = torch.ones(num_frames, dtype=torch.bool)
        for key in ('frame_annotated', 'frame_labelled'):
            fields[key] = torch.as_tensor(results[key], dtype=torch.bool)
        if 'tags' in results:
            fields['tags'] = torch.as_tensor(results['tags'], dtype=torch.float32)
        lengths = {key: len(value) for key, value in {**inputs, **fields}.items()}
        if set(lengths.values()) != {num_frames}:
            raise ValueError(f'the clip has {num_frames} frames, but its entries have the lengths {lengths}')
        meta = {key: results[key] for key in self.meta_keys if key in results}
        sample = AVSDataSample(metainfo=meta)
        sample.set_data(fields)
        return dict(inputs=inputs, data_samples=sample)
