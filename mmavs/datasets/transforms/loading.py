"""Frames and masks from disk."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmavs.registry import TRANSFORMS

from ..media import MASK_MODES, read_image, read_mask


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
        frames = [read_image(path) for path in paths]
        for path, frame in zip(paths, frames, strict=True):
            if frame.shape != frames[0].shape:
                raise ValueError(
                    f'frame file {path!r} is {frame.shape[0]}x{frame.shape[1]} (height x width), {paths[0]!r} is '
                    f'{frames[0].shape[0]}x{frames[0].shape[1]}; all frames of a clip must have one size'
                )
        results['frames'] = np.stack(frames)
        results['ori_shape'] = frames[0].shape[:2]
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
        unmatched: For ``'palette'``: ``'error'`` at a colour that no class has, or ``'background'`` as published.

    Raises:
        FileNotFoundError: A mask is missing.
        ValueError: An unknown mode; a mask that is empty, truncated, of another size than its frame, or holds a value or
            colour that no class has; or neither frames nor a mask to take the size from.
    """

    def __init__(self, mode: str | None = None, unmatched: str = 'error') -> None:
        if mode is not None and mode not in MASK_MODES:
            raise ValueError(f'mode must be one of {MASK_MODES}, got {mode!r}')
        if unmatched not in ('error', 'background'):
            raise ValueError(f"unmatched must be 'error' or 'background', got {unmatched!r}")
        self.mode = mode
        self.unmatched = unmatched

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``gt_masks``."""
        mode = self.mode or results['mask_mode']
        if mode == 'index':
            results['mask_paths'] = results.pop('index_mask_paths', results['mask_paths'])
        shape = results['frames'].shape[1:3] if 'frames' in results else None
        masks = [
            None if path is None else read_mask(path, mode, len(results['classes']), shape, self.unmatched)
            for path in results['mask_paths']
        ]
        shape = shape or next((mask.shape for mask in masks if mask is not None), None)
        if shape is None:
            raise ValueError('none of the frames has a mask file to take the size from; put LoadClipFrames first')
        results['gt_masks'] = np.stack([np.zeros(shape, np.uint8) if mask is None else mask for mask in masks])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mode={self.mode!r}, unmatched={self.unmatched!r})'
