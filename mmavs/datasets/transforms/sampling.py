"""Choosing frames of a clip."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmavs.registry import TRANSFORMS

_LISTS = ('frame_paths', 'mask_paths', 'index_mask_paths', 'frame_annotated', 'frame_labelled')
_ARRAYS = ('frames', 'gt_masks')


@TRANSFORMS.register_module()
class SampleFrames(BaseTransform):
    """Keep some frames of a clip, with the audio of their second or of any second.

    Best put first in the pipeline: frames that are not kept are then never read. S4 training reads the one labelled frame
    by ``indices=(0,)``.

    Reads and changes every per-frame entry and ``num_frames``; ``num_seconds`` keeps the length of the whole clip, and
    ``audio_seconds`` says which examples the front end takes.

    Args:
        indices: Frames to keep, counted from 0. Either this or ``num``.
        num: Number of frames to draw at random, in the order of time.
        audio_second: ``'same'``, or ``'random'``: each kept frame gets the audio of a random second of the clip, which is right
            only where the same things sound all the time (S4).

    Raises:
        ValueError: Both or none of ``indices`` and ``num``, a frame the clip does not have, or ``'random'`` for a clip whose
            tags change.
    """

    def __init__(
        self, indices: Sequence[int] | None = None, num: int | None = None, audio_second: str = 'same'
    ) -> None:
        if (indices is None) == (num is None):
            raise ValueError(f'give either indices or num, got indices={indices!r} and num={num!r}')
        if (num is not None and num < 1) or (indices is not None and (not indices or min(indices) < 0)):
            raise ValueError(f'num must be positive and indices non-negative, got indices={indices!r} and num={num!r}')
        if audio_second not in ('same', 'random'):
            raise ValueError(f"audio_second must be 'same' or 'random', got {audio_second!r}")
        self.indices = None if indices is None else list(indices)
        self.num = num
        self.audio_second = audio_second

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Keep the chosen frames."""
        length = results['num_frames']
        if 'audio_seconds' in results or 'audio' in results:
            raise ValueError(
                'SampleFrames goes before the audio front end, and only once; put it first in the pipeline'
            )
        wanted = self.num if self.indices is None else max(self.indices) + 1
        if wanted > length:
            raise ValueError(
                f'SampleFrames wants {wanted} frames, the clip has {length}; give fewer indices or a smaller num'
            )
        kept = self.indices
        if kept is None:
            kept = sorted(np.random.choice(length, self.num, replace=False).tolist())
        seconds = kept
        if self.audio_second == 'random':
            tags = results.get('tags')
            if tags is not None and (tags != tags[:1]).any():
                raise ValueError(
                    "audio_second='random' needs a clip in which the same classes sound all the time; use 'same'"
                )
            seconds = np.random.randint(0, length, len(kept)).tolist()
        for key in _LISTS:
            if key in results:
                results[key] = [results[key][i] for i in kept]
        for key in _ARRAYS:
            if key in results:
                results[key] = results[key][kept]
        if 'tags' in results:
            results['tags'] = results['tags'][seconds]
        if 'sounding' in results:
            results['sounding'] = [results['sounding'][i] for i in seconds]
        results.update(num_frames=len(kept), num_seconds=length, audio_seconds=seconds)
        return results
