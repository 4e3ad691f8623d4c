"""Colours of a clip."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmavs.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ClipPhotoMetric(BaseTransform):
    """Random brightness, contrast, saturation and hue, one draw for all frames of a clip.

    Args:
        brightness: Factor drawn from ``1 +- brightness``.
        contrast: Factor drawn from ``1 +- contrast``, about the mean grey of the clip.
        saturation: Factor drawn from ``1 +- saturation``, from the grey picture.
        hue: Turn of the colour circle, drawn from ``+- hue``, at most 0.5.

    Raises:
        ValueError: A range below 0, above 1, or for the hue above 0.5.
    """

    def __init__(
        self, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0, hue: float = 0.0
    ) -> None:
        ranges = dict(brightness=brightness, contrast=contrast, saturation=saturation, hue=2 * hue)
        for name, value in ranges.items():
            if not 0 <= value <= 1:
                raise ValueError(f'{name} must be in [0, {0.5 if name == "hue" else 1}], got {locals()[name]}')
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``frames``."""
        num_frames, height, width, _ = results['frames'].shape
        # one tall picture: the colour functions of OpenCV then need one call per clip
        picture = np.ascontiguousarray(results['frames']).reshape(num_frames * height, width, 3)
        brightness, contrast, saturation, hue = (
            np.random.uniform(-limit, limit) for limit in (self.brightness, self.contrast, self.saturation, self.hue)
        )
        if brightness or contrast:
            levels = np.arange(256) * (1 + brightness)
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            mean = cv2.sumElems(grey)[0] / grey.size * (1 + brightness)
            levels = (levels - mean) * (1 + contrast) + mean
            picture = cv2.LUT(picture, np.clip(levels.round(), 0, 255).astype(np.uint8))
        if saturation:
            grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            picture = cv2.addWeighted(picture, 1 + saturation, grey, -saturation, 0)
        if hue:
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV_FULL)
            picture[..., 0] += np.uint8(round(hue * 256) % 256)  # a full turn is 256: the overflow is meant
            picture = cv2.cvtColor(picture, cv2.COLOR_HSV2RGB_FULL)
        results['frames'] = picture.reshape(num_frames, height, width, 3)
        return results
