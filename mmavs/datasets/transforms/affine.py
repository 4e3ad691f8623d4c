"""Turn, shrink and shear a clip."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import affine

from mmavs.registry import TRANSFORMS


def _range(values: Sequence[float], name: str) -> tuple[float, float]:
    low, high = values
    if low > high:
        raise ValueError(f'RandomAffineClip: {name} must be (low, high), got {tuple(values)}')
    return float(low), float(high)


@TRANSFORMS.register_module()
class RandomAffineClip(BaseTransform):
    """Turn, scale and shear frames and masks about their centre; what comes in from outside is black.

    Pixels are taken from the nearest place, so that a mask keeps its values.

    Args:
        degrees: Range of the turn, clockwise, in degrees.
        scale: Range of the factor; below 1 the picture shrinks inside its canvas.
        shear: Range of the shear along the rows, in degrees.
        mask_fill: Value of masks outside the picture: 0 as published, 255 leaves it out of the loss.

    Raises:
        ValueError: A range whose ends are in the wrong order, or a scale that is not positive.

    Source: loader of CATR (torchvision's ``RandomAffine`` with degrees 20, scale 0.5 to 1 and shear 10).
    """

    def __init__(
        self,
        degrees: Sequence[float] = (-20, 20),
        scale: Sequence[float] = (0.5, 1.0),
        shear: Sequence[float] = (-10, 10),
        mask_fill: int = 0,
    ) -> None:
        self.degrees = _range(degrees, 'degrees')
        self.scale = _range(scale, 'scale')
        self.shear = _range(shear, 'shear')
        if self.scale[0] <= 0:
            raise ValueError(f'RandomAffineClip: scale must be positive, got {self.scale}')
        self.mask_fill = mask_fill

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``frames`` ``(T, H, W, 3)`` and ``gt_masks`` ``(T, H, W)`` in the same way."""
        draw = dict(
            angle=np.random.uniform(*self.degrees),
            translate=[0, 0],
            scale=np.random.uniform(*self.scale),
            shear=[np.random.uniform(*self.shear), 0.0],
            interpolation=InterpolationMode.NEAREST,
        )
        frames = torch.from_numpy(np.ascontiguousarray(results['frames'])).permute(0, 3, 1, 2)
        results['frames'] = np.ascontiguousarray(affine(frames, **draw).permute(0, 2, 3, 1).numpy())
        if 'gt_masks' in results:
            masks = torch.from_numpy(np.ascontiguousarray(results['gt_masks']))[:, None]
            results['gt_masks'] = affine(masks, **draw, fill=[float(self.mask_fill)])[:, 0].numpy()
        return results
