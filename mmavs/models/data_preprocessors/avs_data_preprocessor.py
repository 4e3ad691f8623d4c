"""Batching of clips: padding in time, normalisation, device transfer."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def pad_frames(x: Tensor, num_frames: int) -> Tensor:
    """Append zero frames to ``x`` ``(T, ...)`` until it has ``num_frames`` frames."""
    return F.pad(x, [0, 0] * (x.dim() - 1) + [0, num_frames - x.shape[0]])


@MODELS.register_module()
class AVSDataPreprocessor(BaseDataPreprocessor):
    """Stack clips of different length, normalise the frames and say which frames exist.

    Args:
        mean: Mean of each RGB channel on the 0-255 scale.
        std: Standard deviation of each RGB channel on the 0-255 scale.
        non_blocking: Whether the transfer to the device may overlap with computation.

    Shapes:
        - in: ``inputs['frames']`` list of ``(T_i, 3, H, W)`` uint8 (absent in audio-only tasks), ``inputs['audio']``
          list of ``(T_i, 1, 96, 64)`` or whatever else the audio backbone takes per frame. Ready-made features may stand
          in for them: ``inputs['visual_features']``, one list of ``(T_i, C_l, H_l, W_l)`` per stage, and
          ``inputs['audio_features']``, a list of ``(T_i, A)``.
        - out, with ``T`` the longest clip of the batch: ``inputs['frames']`` ``(B, T, 3, H, W)`` float32, exactly zero
          on padding (as the published AVSS loader pads after normalisation), ``inputs['audio']`` ``(B, T, ...)``,
          ``inputs['frame_valid']`` ``(B, T)`` bool; features likewise, float32.

    Raises:
        ValueError: Frames of different size in one batch, or audio examples that do not match the frames one to one.
    """

    def __init__(
        self,
        *,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Batch one collated ``dict(inputs=..., data_samples=...)``; ``training`` changes nothing."""
        data = self.cast_data(data)
        inputs = data['inputs']
        audio_key = 'audio_features' if 'audio_features' in inputs else 'audio'
        audio = list(inputs[audio_key])
        num_frames = max(example.shape[0] for example in audio)
        lengths = torch.tensor([example.shape[0] for example in audio], device=audio[0].device)
        frame_valid = torch.arange(num_frames, device=lengths.device) < lengths[:, None]
        batch: dict[str, Any] = {audio_key: _stack(audio, num_frames), 'frame_valid': frame_valid}
        if 'visual_features' in inputs:
            batch['visual_features'] = [_stack(stage, num_frames) for stage in inputs['visual_features']]
        elif 'frames' in inputs:
            clips = list(inputs['frames'])
            _check_clips(clips, audio, data.get('data_samples'))
            frames = _stack(clips, num_frames)
            batch['frames'] = (frames - self.mean) / self.std * frame_valid[:, :, None, None, None]
        return {**data, 'inputs': batch}


def _stack(clips: Sequence[Tensor], num_frames: int) -> Tensor:
    """Pad clips ``(T_i, ...)`` to ``num_frames`` and stack them: ``(B, T, ...)`` float32."""
    return torch.stack([pad_frames(clip, num_frames) for clip in clips]).float()


def _check_clips(clips: list[Tensor], audio: list[Tensor], data_samples: Sequence[Any] | None) -> None:
    ids = [sample.get('clip_id', str(i)) for i, sample in enumerate(data_samples or [{}] * len(clips))]
    for clip_id, clip, example in zip(ids, clips, audio, strict=True):
        if clip.shape[0] != example.shape[0]:
            raise ValueError(
                f'clip {clip_id!r} has {clip.shape[0]} frames but {example.shape[0]} audio examples; the audio '
                'transform must give one example per frame'
            )
    sizes = {tuple(clip.shape[1:]) for clip in clips}
    if len(sizes) > 1:
        raise ValueError(
            f'the clips {ids} of one batch have frames of different size {sorted(sizes)}; add a resize to the '
            'pipeline or use batch_size=1'
        )
