"""Size, cut and mirror of a clip; whatever is drawn is the same for all its frames."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch.nn import functional as F

from mmavs.registry import TRANSFORMS

from ..media import IGNORE


def _pair(size: int | Sequence[int], name: str) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair):
        raise ValueError(f'{name} must be a positive int or (height, width), got {size!r}')
    return pair


def resize_frames(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize ``(T, H, W, 3)`` uint8 bilinearly, with the low-pass of Pillow that the published loaders rely on."""
    if frames.shape[1:3] == (height, width):
        return frames
    clip = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    clip = F.interpolate(clip, (height, width), mode='bilinear', align_corners=False, antialias=True)
    return np.ascontiguousarray(clip.permute(0, 2, 3, 1).numpy())


def _nearest(new: int, old: int) -> np.ndarray:
    # Pillow adds the step up from pixel to pixel; a multiplication rounds other ties
    step = old / new
    return np.cumsum(np.concatenate([[0.5 * step], np.full(new - 1, step)])).astype(np.int64)


def resize_masks(masks: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize ``(T, H, W)`` to the nearest pixel centre, as Pillow does."""
    if masks.shape[1:] == (height, width):
        return masks
    rows, columns = (_nearest(new, old) for new, old in zip((height, width), masks.shape[1:], strict=True))
    return masks.take(rows, 1).take(columns, 2)  # rows first: they are copied whole


def _resize(results: dict[str, Any], height: int, width: int, masks: bool = True) -> None:
    results['frames'] = resize_frames(results['frames'], height, width)
    if masks and 'gt_masks' in results:
        results['gt_masks'] = resize_masks(results['gt_masks'], height, width)


def _mirror(clip: np.ndarray) -> np.ndarray:
    """Mirror ``(T, H, W[, 3])`` along the width as one tall picture, far faster than numpy copies a mirrored view."""
    return cv2.flip(clip.reshape(-1, *clip.shape[2:]), 1).reshape(clip.shape)


def _crop(results: dict[str, Any], top: int, left: int, height: int, width: int) -> None:
    for key in ('frames', 'gt_masks'):
        if key in results:
            results[key] = results[key][:, top : top + height, left : left + width]


@TRANSFORMS.register_module()
class ResizeClip(BaseTransform):
    """Resize frames (bilinear with low-pass) and masks (nearest).

    Args:
        size: ``(height, width)``, or one number for both.
        keep_ratio: Whether ``size`` is a box that the frames must fit into, with their own aspect ratio.
        masks: Whether masks are resized too. A loss or metric at the size of the files leaves them.
    """

    def __init__(self, size: int | Sequence[int], keep_ratio: bool = False, masks: bool = True) -> None:
        self.size = _pair(size, 'size')
        self.keep_ratio = keep_ratio
        self.masks = masks

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Resize ``frames`` and, if asked for, ``gt_masks``."""
        height, width = self.size
        if self.keep_ratio:
            old_height, old_width = results['frames'].shape[1:3]
            factor = min(height / old_height, width / old_width)
            height, width = max(1, round(old_height * factor)), max(1, round(old_width * factor))
        _resize(results, height, width, self.masks)
        return results


@TRANSFORMS.register_module()
class CenterCropClip(BaseTransform):
    """Cut the centre out of frames and masks.

    Args:
        size: ``(height, width)``, or one number for both.

    Raises:
        ValueError: The frames are smaller than ``size``.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _pair(size, 'size')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut ``frames`` and ``gt_masks``."""
        height, width = results['frames'].shape[1:3]
        if height < self.size[0] or width < self.size[1]:
            raise ValueError(
                f'CenterCropClip: frames of {height}x{width} are smaller than {self.size}; resize them first'
            )
        _crop(results, round((height - self.size[0]) / 2), round((width - self.size[1]) / 2), *self.size)
        return results


@TRANSFORMS.register_module()
class ResizeShortSideCenterCropClip(BaseTransform):
    """Resize the short side to ``size`` with the aspect ratio kept, then cut the central square.

    Args:
        size: Side of the square in pixels.

    Source: training transform of AVSS in the published loaders (the long side is rounded down).
    """

    def __init__(self, size: int) -> None:
        self.size = _pair(size, 'size')[0]
        self.crop = CenterCropClip(self.size)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Resize and cut ``frames`` and ``gt_masks``."""
        height, width = results['frames'].shape[1:3]
        if width > height:
            _resize(results, self.size, int(width * self.size / height))
        else:
            _resize(results, int(height * self.size / width), self.size)
        return self.crop.transform(results)


@TRANSFORMS.register_module()
class RandomFlipClip(BaseTransform):
    """Mirror a clip.

    Sound that was panned by ``MixSources`` is mirrored too: its channels change places, in ``waveform`` as in ``audio``.

    Args:
        prob: Probability.
        swap_stereo: Whether left and right of the waveform change places with the picture. The transform then belongs between
            ``LoadAudio`` and the front end.

    Raises:
        ValueError: A probability outside 0..1, or ``swap_stereo`` without a waveform of two channels.
    """

    def __init__(self, prob: float = 0.5, swap_stereo: bool = False) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        self.prob = prob
        self.swap_stereo = swap_stereo

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mirror ``frames``, ``gt_masks`` and, if asked for or panned, ``waveform`` and ``audio``."""
        if self.swap_stereo and results.get('waveform', np.empty((0, 0))).shape[0] != 2:
            raise ValueError('swap_stereo needs a "waveform" of two channels; put RandomFlipClip behind LoadAudio')
        if np.random.rand() >= self.prob:
            return results
        for key in ('frames', 'gt_masks'):
            if key in results:
                results[key] = _mirror(results[key])
        panned = results.get('mirrored_audio', False)
        if self.swap_stereo or panned:
            results['waveform'] = np.ascontiguousarray(results['waveform'][::-1])
            results.pop('waveform_source', None)
        if panned and 'audio' in results:
            results['audio'] = results['audio'].flip(1)
        # two mirrors undo each other, and so must the one that follows the first
        results['flip'] = not results.get('flip', False)
        return results


@TRANSFORMS.register_module()
class RandomCropClip(BaseTransform):
    """Cut a random window out of a clip, the same for all frames; smaller clips are padded at the right and below first.

    Args:
        size: ``(height, width)``, or one number for both.
        pad_value: Grey value or RGB colour of padded frame pixels; padded mask pixels are 255 (ignore).

    Raises:
        ValueError: A size that is not positive, or a colour that is not one or three values in 0..255.
    """

    def __init__(self, size: int | Sequence[int], pad_value: int | Sequence[int] = 128) -> None:
        self.size = _pair(size, 'size')
        colour = np.atleast_1d(pad_value)
        if colour.shape not in ((1,), (3,)) or colour.min() < 0 or colour.max() > 255:
            raise ValueError(f'pad_value must be one grey value or an RGB colour in 0..255, got {pad_value!r}')
        self.colour = colour.astype(np.uint8)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pad if needed and cut ``frames`` and ``gt_masks``."""
        height, width = results['frames'].shape[1:3]
        below, right = max(0, self.size[0] - height), max(0, self.size[1] - width)
        if below or right:
            frames = results['frames']
            padded = np.empty((len(frames), height + below, width + right, 3), np.uint8)
            padded[:] = self.colour
            padded[:, :height, :width] = frames
            results['frames'] = padded
            if 'gt_masks' in results:
                margin = ((0, 0), (0, below), (0, right))
                results['gt_masks'] = np.pad(results['gt_masks'], margin, constant_values=IGNORE)
        top = np.random.randint(0, height + below - self.size[0] + 1)
        left = np.random.randint(0, width + right - self.size[1] + 1)
        _crop(results, top, left, *self.size)
        return results


@TRANSFORMS.register_module()
class RandomResizedCropClip(BaseTransform):
    """Cut a random window of random area and shape, the same for all frames, and resize it.

    The window is drawn as in torchvision's ``RandomResizedCrop``: up to ten draws of area and aspect ratio, then the largest
    centred window of an allowed ratio.

    Args:
        size: ``(height, width)`` of the result, or one number for both.
        area: Limits of the window's share of the frame.
        ratio: Limits of the window's width over height.

    Raises:
        ValueError: Limits that are not ``0 < low <= high``, or an area above 1.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        area: Sequence[float] = (0.6, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
    ) -> None:
        self.size = _pair(size, 'size')
        for name, (low, high) in dict(area=area, ratio=ratio).items():
            if not 0 < low <= high:
                raise ValueError(
                    f'RandomResizedCropClip: {name} must be (low, high) with 0 < low <= high, got {low, high}'
                )
        if area[1] > 1:
            raise ValueError(f'RandomResizedCropClip: area is a share of the frame, at most 1, got {tuple(area)}')
        self.area = tuple(area)
        self.ratio = tuple(ratio)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut and resize ``frames`` and ``gt_masks``."""
        _crop(results, *self._window(*results['frames'].shape[1:3]))
        _resize(results, *self.size)
        return results

    def _window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return top, left, height and width of a window."""
        for _ in range(10):
            area = height * width * np.random.uniform(*self.area)
            ratio = np.exp(np.random.uniform(*np.log(self.ratio)))
            rows, columns = round(np.sqrt(area / ratio)), round(np.sqrt(area * ratio))
            if 0 < rows <= height and 0 < columns <= width:
                top = np.random.randint(height - rows + 1)
                return top, np.random.randint(width - columns + 1), rows, columns
        ratio = np.clip(width / height, *self.ratio)
        rows, columns = min(height, round(width / ratio)), min(width, round(height * ratio))
        return (height - rows) // 2, (width - columns) // 2, rows, columns
