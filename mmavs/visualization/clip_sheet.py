"""One picture per clip: frames, masks, uncertainty, groups and sound, second by second."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmavs.datasets.classes import voc_palette

TRUTH_COLOUR = (0, 220, 90)
PREDICTION_COLOUR = (255, 70, 60)
IGNORE = 255
CELL = 1.6  # inches
MIN_WIDTH = 4.0  # inches; room for the title above a single frame
MIN_PIXELS = 192  # smaller frames are enlarged, so that outlines stay thin
DIMMED = 0.55  # brightness of what is not marked

Row = tuple[str, list[np.ndarray], dict[str, Any]]


def _colour(label: int, colour: Sequence[int] | None) -> list[int]:
    return list(colour) if colour is not None else voc_palette(label + 1)[label]


def _outline(image: np.ndarray, mask: np.ndarray, colour: Sequence[int] | None) -> None:
    for label in np.unique(mask):
        if label not in (0, IGNORE):
            lines, _ = cv2.findContours((mask == label).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(image, lines, -1, [int(c) for c in _colour(int(label), colour)], 1)


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
        reference: Another mask ``(H, W)``, drawn as a green outline, or by class if ``colour`` is ``None``.
        opacity: Of the tint.

    Returns:
        ``(H', W', 3)`` uint8; small frames are enlarged by a whole factor.
    """
    factor = max(1, -(-MIN_PIXELS // min(mask.shape)))
    frame, mask = (np.repeat(np.repeat(x, factor, 0), factor, 1) for x in (frame, mask))
    out = (frame * DIMMED).astype(np.uint8)
    for label in np.unique(mask):
        inside = mask == label
        if label == IGNORE:
            out[inside] = (0.5 * out[inside] + 64).astype(np.uint8)
        elif label != 0:
            tint = np.array(_colour(int(label), colour))
            out[inside] = ((1 - opacity) * frame[inside] + opacity * tint).astype(np.uint8)
    _outline(out, mask, colour)
    if reference is not None:
        reference = np.repeat(np.repeat(reference, factor, 0), factor, 1)
        _outline(out, reference, TRUTH_COLOUR if colour is not None else None)
    return out


def partition(frame: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Colour each group ``(H, W)`` and shade it with the frame's brightness."""
    colours = (colormaps['tab20'](groups.astype(int) % 20)[..., :3] * 255).astype(np.float32)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    return (colours * (0.5 + 0.5 * grey)).astype(np.uint8)


def _rows(
    frames: np.ndarray,
    gt_masks: np.ndarray | None,
    pred_masks: np.ndarray | None,
    uncertainty: np.ndarray | None,
    groups: np.ndarray | None,
    log_mel: np.ndarray | None,
    semantic: bool,
) -> list[Row]:
    """Return the rows of the sheet: name, one image per frame, arguments of ``imshow``."""
    seconds = range(len(frames))
    truth, predicted = (None, None) if semantic else (TRUTH_COLOUR, PREDICTION_COLOUR)
    rows: list[Row] = [('frame', list(frames), {})]
    if gt_masks is not None:
        rows.append(('truth', [overlay(frames[t], gt_masks[t], truth) for t in seconds], {}))
    if pred_masks is not None:
        references = [None] * len(frames) if gt_masks is None or semantic else gt_masks
        cells = [overlay(frames[t], pred_masks[t], predicted, reference=references[t]) for t in seconds]
        rows.append(('prediction', cells, {}))
    if uncertainty is not None:
        rows.append(('uncertainty', list(uncertainty), dict(cmap='magma', vmin=0, vmax=1)))
    if groups is not None:
        rows.append(('groups', [partition(frames[t], groups[t]) for t in seconds], {}))
    if log_mel is not None:
        limits = dict(vmin=float(np.min(log_mel)), vmax=float(np.max(log_mel)))
        rows.append(('log-mel', [m.T for m in log_mel], dict(cmap='magma', origin='lower', aspect='auto', **limits)))
    return rows


def _names(mask: np.ndarray, classes: Sequence[str]) -> str:
    return '\n'.join(classes[label] for label in np.unique(mask) if label not in (0, IGNORE)) or '–'


def draw_clip(
    frames: np.ndarray,
    *,
    gt_masks: np.ndarray | None = None,
    pred_masks: np.ndarray | None = None,
    log_mel: np.ndarray | None = None,
    uncertainty: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    sounding: Sequence[Sequence[str]] | None = None,
    classes: Sequence[str] | None = None,
    title: str = '',
) -> np.ndarray:
    """Draw a sheet with one column per frame and one row per thing given.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        gt_masks: ``(T, H, W)`` labels, drawn green (by class colour in semantic tasks).
        pred_masks: ``(T, H, W)`` labels, drawn red over the green outline of the truth (by class colour in semantic tasks).
        log_mel: ``(T, 96, 64)`` log-mel of each frame's second.
        uncertainty: ``(T, H, W)`` in [0, 1].
        groups: ``(T, H, W)`` group labels.
        sounding: Names of what sounds in each second, shown above the frames.
        classes: Class names by label; more than two make the task semantic: colours by class, names below the masks.
        title: Heading.

    Returns:
        The sheet, ``(height, width, 3)`` uint8 RGB.

    Raises:
        ValueError: No frame, or something given has another number of frames.
    """
    given = dict(
        gt_masks=gt_masks,
        pred_masks=pred_masks,
        log_mel=log_mel,
        uncertainty=uncertainty,
        groups=groups,
        sounding=sounding,
    )
    num_frames = len(frames)
    if num_frames == 0:
        raise ValueError('a clip without frames cannot be drawn')
    for name, value in given.items():
        if value is not None and len(value) != num_frames:
            raise ValueError(f'{name} has {len(value)} frames, the clip has {num_frames}')
    semantic = classes is not None and len(classes) > 2
    rows = _rows(frames, gt_masks, pred_masks, uncertainty, groups, log_mel, semantic)
    heights = [0.6 if name == 'log-mel' else frames.shape[1] / frames.shape[2] for name, _, _ in rows]
    labels = 0.35 * sum(name in ('truth', 'prediction') for name, _, _ in rows) if semantic else 0.0
    size = (max(MIN_WIDTH, CELL * num_frames + 0.5), CELL * sum(heights) + labels + 0.9)
    figure = Figure(figsize=size, dpi=110, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), num_frames, squeeze=False, height_ratios=heights)
    for i, (name, cells, style) in enumerate(rows):
        masks = {'truth': gt_masks, 'prediction': pred_masks}.get(name)
        for t, cell in enumerate(cells):
            axes[i, t].imshow(cell, **style)
            axes[i, t].set(xticks=[], yticks=[])
            if semantic and masks is not None:
                axes[i, t].set_xlabel(_names(masks[t], classes), fontsize=7, labelpad=1)
        axes[i, 0].set_ylabel(name, fontsize=9)
    for t in range(num_frames):
        names = f'\n{", ".join(sounding[t]) or "silent"}' if sounding is not None else ''
        axes[0, t].set_title(f'{t + 1} s{names}', fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
