"""Frames and masks from disk."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmavs.registry import TRANSFORMS

from ..media import MASK_MODES, check_max_unmatched, read_image, read_mask


def _read_clip(paths: Sequence[str | None], what: str, read: Callable[[str], np.ndarray]) -> np.ndarray:
    """Read the pictures of a clip straight into one array, zero where there is no path; no list of them is held beside it."""
    clip, first = None, None
    for index, path in enumerate(paths):
        if path is None:
            continue
        picture = read(path)
        if clip is None:
            clip, first = np.zeros((len(paths), *picture.shape), picture.dtype), path
        if picture.shape != clip.shape[1:]:
            raise ValueError(
                f'{what} file {path!r} is {picture.shape[0]}x{picture.shape[1]} (height x width), {first!r} is '
                f'{clip.shape[1]}x{clip.shape[2]}; all {what}s of a clip must have one size'
            )
        clip[index] = picture
    if clip is None:
        raise ValueError(f'the clip has no {what} file; check the csv of the data set')
    return clip


@TRANSFORMS.register_module()
class LoadClipFrames(BaseTransform):
    """Read the frames of a clip.

    Reads ``frame_paths``; adds ``frames`` ``(T, H, W, 3)`` uint8 RGB and ``ori_shape`` ``(H, W)``.

    Raises:
        FileNotFoundError: A frame is missing.
        ValueError: A frame is empty, truncated or no picture, or the frames of the clip differ in size.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``frames``."""
        paths = results['frame_paths']
        results['frames'] = _read_clip(paths, 'frame', read_image)
        results['ori_shape'] = results['frames'].shape[1:3]
        return results


@TRANSFORMS.register_module()
class LoadClipMasks(BaseTransform):
    """Read the masks of a clip as class indices.

    Reads ``mask_paths`` (``None`` where the layout has no file: the mask is zero there and the flags of the frame are
    false), ``classes`` and, to check the size, ``frames`` if they are loaded. Adds ``gt_masks`` ``(T, H, W)`` uint8.

    Args:
        mode: ``None`` for what the data set's layout has; or ``'binary'`` (S4: black and white), ``'index'`` (MS3: the stored
            number is 0 or 255; AVSS: the class index in ``labels_semantic``), ``'palette'`` (AVSS: colours of ``labels_rgb``,
            as the published loader reads) or ``'vpo'`` (VPO: category numbers).
        max_unmatched: For ``'palette'``: the share of a mask's pixels whose colour may be that of no class; they become
            background. The published loader allows any share, as 1 does.

    Raises:
        FileNotFoundError: A mask is missing.
        ValueError: An unknown mode; a mask that is empty, truncated, of another size than its frame, or holds a value or
            colour that no class has; or neither frames nor a mask to take the size from.
    """

    def __init__(self, mode: str | None = None, max_unmatched: float = 0.0) -> None:
        if mode is not None and mode not in MASK_MODES:
            raise ValueError(f'mode must be one of {MASK_MODES}, got {mode!r}')
        check_max_unmatched(max_unmatched)
        self.mode = mode
        self.max_unmatched = max_unmatched

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``gt_masks``."""
        mode = self.mode or results['mask_mode']
        if mode == 'index':
            results['mask_paths'] = results.pop('index_mask_paths', results['mask_paths'])
        shape = results['frames'].shape[1:3] if 'frames' in results else None
        paths, num_classes = results['mask_paths'], len(results['classes'])
        if any(path is not None for path in paths):
            results['gt_masks'] = _read_clip(
                paths, 'mask', lambda path: read_mask(path, mode, num_classes, shape, self.max_unmatched)
            )
        elif shape is None:
            raise ValueError('none of the frames has a mask file to take the size from; put LoadClipFrames first')
        else:
            results['gt_masks'] = np.zeros((len(paths), *shape), np.uint8)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mode={self.mode!r}, max_unmatched={self.max_unmatched!r})'
