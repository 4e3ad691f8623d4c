"""Random size of a clip, as trained with on VPO."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch.nn import functional as F

from mmavs.registry import TRANSFORMS

from .geometry import resize_masks


def resize_frames_bicubic(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize ``(T, H, W, 3)`` uint8 with the cubic filter of Pillow, its low-pass included."""
    if frames.shape[1:3] == (height, width):
        return frames
    clip = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    clip = F.interpolate(clip, (height, width), mode='bicubic', align_corners=False, antialias=True)
    return np.ascontiguousarray(clip.permute(0, 2, 3, 1).numpy())


@TRANSFORMS.register_module()
class RandomScaleClip(BaseTransform):
    """Resize a clip by one of several factors, the same for all frames: frames bicubic, masks to the nearest pixel.

    Args:
        scales: Factors, drawn with equal probability. Sizes are rounded down.

    Raises:
        ValueError: No factor, or one that is not positive; or a frame that would vanish.

    Source: CAVP (cyh-0), training on VPO.
    """

    def __init__(self, scales: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)) -> None:
        if not scales or min(scales) <= 0:
            raise ValueError(f'scales must be positive factors, got {scales!r}')
        self.scales = tuple(scales)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Resize ``frames`` and ``gt_masks``."""
        scale = self.scales[np.random.randint(len(self.scales))]
        size = tuple(int(side * scale) for side in results['frames'].shape[1:3])
        if not min(size):
            raise ValueError(f'frames of {results["frames"].shape[1:3]} vanish at the scale {scale}; use larger scales')
        results['frames'] = resize_frames_bicubic(results['frames'], *size)
        if 'gt_masks' in results:
            results['gt_masks'] = resize_masks(results['gt_masks'], *size)
        return results
