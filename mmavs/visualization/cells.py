"""The small pictures that a clip sheet consists of: plain functions from arrays to RGB arrays."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib import colormaps

from mmavs.datasets.classes import voc_palette

from .group_colours import group_colours

TRUTH_COLOUR = (0, 220, 90)
PREDICTION_COLOUR = (255, 70, 60)
REFERENCE_COLOUR = (255, 255, 255)  # outline of the truth where the colours belong to the classes
IGNORE = 255
DIMMED = 0.55  # brightness of what is not marked
GROUP_OPACITY = 0.5
BORDER_OPACITY = 0.75
HEAT_OPACITY = 0.7
WAVE_COLOUR = (31, 78, 140)
WAVE_GROUND = (240, 243, 248)


def fit(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a photograph or a map of values smoothly, and labels (integers without a colour axis) by nearest neighbour.

    Args:
        image: ``(H, W, 3)`` uint8, or ``(H, W)`` float or integer.
        size: ``(height, width)``.

    Returns:
        ``(height, width[, 3])``; float32 or int32 for maps.
    """
    if image.ndim == 2 and not np.issubdtype(image.dtype, np.floating):
        return cv2.resize(image.astype(np.int32), size[::-1], interpolation=cv2.INTER_NEAREST)
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    image = image if image.ndim == 3 else image.astype(np.float32)
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def class_colour(label: int) -> tuple[int, ...]:
    """RGB of a class in the VOC palette."""
    return tuple(int(c) for c in voc_palette(label + 1)[label])


def outline(image: np.ndarray, mask: np.ndarray, colour: Sequence[int] | None) -> None:
    """Draw the contours of every object of ``mask`` ``(H, W)`` into ``image``; ``None`` takes the colour of the class."""
    for label in np.unique(mask):
        if label not in (0, IGNORE):
            lines, _ = cv2.findContours((mask == label).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(image, lines, -1, [int(c) for c in colour or class_colour(int(label))], 1)


def overlay(
    frame: np.ndarray,
    mask: np.ndarray,
    colour: Sequence[int] | None,
    *,
    reference: np.ndarray | None = None,
    opacity: float = 0.4,
) -> np.ndarray:
    """Tint and outline the marked pixels and dim the others.

    Args:
        frame: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` integers, 0 background, 255 ignore (drawn grey).
        colour: RGB of every object, or ``None`` to take the VOC palette by class.
        reference: Another mask ``(H, W)``, drawn as a green outline, or a white one if ``colour`` is ``None``.
        opacity: Of the tint.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    out = (frame * DIMMED).astype(np.uint8)
    for label in np.unique(mask):
        inside = mask == label
        if label == IGNORE:
            out[inside] = (0.5 * out[inside] + 64).astype(np.uint8)
        elif label != 0:
            tint = np.array(colour or class_colour(int(label)))
            out[inside] = ((1 - opacity) * frame[inside] + opacity * tint).astype(np.uint8)
    outline(out, mask, colour)
    if reference is not None:
        outline(out, reference, TRUTH_COLOUR if colour is not None else REFERENCE_COLOUR)
    return out


def partition(frame: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Tint each group of a frame and draw the borders between groups.

    Args:
        frame: ``(H, W, 3)`` uint8 RGB.
        groups: ``(H, W)`` numbers from :func:`~mmavs.visualization.group_colours.match_groups`.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    out = ((1 - GROUP_OPACITY) * frame + GROUP_OPACITY * group_colours(groups)).astype(np.uint8)
    border = np.zeros(groups.shape, bool)
    border[:, :-1] |= groups[:, :-1] != groups[:, 1:]
    border[:-1] |= groups[:-1] != groups[1:]
    out[border] = (1 - BORDER_OPACITY) * out[border] + BORDER_OPACITY * 255
    return out


def heat(frame: np.ndarray, values: np.ndarray, colormap: str) -> np.ndarray:
    """Lay a heat map over the grey frame.

    Args:
        frame: ``(H, W, 3)`` uint8 RGB.
        values: ``(H, W)``; 0 and less get the first colour, 1 and more the last.
        colormap: Name of a matplotlib colour map.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return ((1 - HEAT_OPACITY) * DIMMED * grey + HEAT_OPACITY * flat(values, colormap)).astype(np.uint8)


def flat(values: np.ndarray, colormap: str) -> np.ndarray:
    """Colour values in [0, 1] of shape ``(H, W)``: ``(H, W, 3)`` uint8."""
    return (colormaps[colormap](np.clip(values, 0.0, 1.0))[..., :3] * 255).round().astype(np.uint8)


def wave(samples: np.ndarray, size: tuple[int, int], peak: float) -> np.ndarray:
    """Draw the range of the samples that fall into each column.

    Args:
        samples: ``(n,)`` float.
        size: ``(height, width)`` in pixels; ``n >= width``.
        peak: Sample value at the upper edge; its negative is at the lower one.

    Returns:
        ``(height, width, 3)`` uint8.
    """
    height, width = size
    starts = np.linspace(0, len(samples), width, endpoint=False).astype(int)
    middle, scale = height / 2, (height / 2 - 1) / max(peak, 1e-6)
    top = middle - scale * np.maximum.reduceat(samples, starts) - 0.5  # half a pixel more: silence stays a visible line
    bottom = middle - scale * np.minimum.reduceat(samples, starts) + 0.5
    rows = np.arange(height)[:, None]
    covered = np.clip(np.minimum(bottom, rows + 1) - np.maximum(top, rows), 0.0, 1.0)[..., None]
    return ((1 - covered) * WAVE_GROUND + covered * np.array(WAVE_COLOUR)).astype(np.uint8)


def spectrogram(log_mel: np.ndarray, size: tuple[int, int], limits: tuple[float, float], colormap: str) -> np.ndarray:
    """Draw a log-mel ``(96, 64)``, time to the right, low bands below: ``(height, width, 3)`` uint8."""
    low, high = limits
    values = (log_mel.T[::-1] - low) / max(high - low, 1e-6)
    return flat(fit(np.ascontiguousarray(values), size), colormap)
