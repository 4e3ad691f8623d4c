"""One picture per clip: frames, masks, uncertainty, groups and sound, second by second."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmavs.datasets.classes import voc_palette

TRUTH_COLOUR = (0, 200, 80)
PREDICTION_COLOUR = (255, 60, 60)
CELL = 1.5  # inches


def overlay(frame: np.ndarray, mask: np.ndarray, colour: Sequence[int] | None, opacity: float = 0.45) -> np.ndarray:
    """Tint the masked pixels and draw their outline.

    Args:
        frame: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` integers, 0 background, 255 ignore.
        colour: RGB of every object, or ``None`` to take the VOC palette by class.
        opacity: Of the tint.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    out = frame.copy()
    for label in np.unique(mask):
        if label in (0, 255):
            continue
        inside = mask == label
        tint = np.array(colour if colour is not None else voc_palette(int(label) + 1)[int(label)])
        out[inside] = ((1 - opacity) * out[inside] + opacity * tint).astype(np.uint8)
        outline, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(out, outline, -1, tint.tolist(), 1)
    return out


def partition(frame: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Colour each group ``(H, W)`` and shade it with the frame's brightness."""
    colours = (colormaps['tab20'](groups.astype(int) % 20)[..., :3] * 255).astype(np.float32)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    return (colours * (0.5 + 0.5 * grey)).astype(np.uint8)


def draw_clip(
    frames: np.ndarray,
    *,
    gt_masks: np.ndarray | None = None,
    pred_masks: np.ndarray | None = None,
    log_mel: np.ndarray | None = None,
    uncertainty: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    sounding: Sequence[Sequence[str]] | None = None,
    title: str = '',
    semantic: bool = False,
) -> np.ndarray:
    """Draw a sheet with one column per frame and one row per thing given.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        gt_masks: ``(T, H, W)`` labels, drawn green (or by class colour if ``semantic``).
        pred_masks: ``(T, H, W)`` labels, drawn red (or by class colour).
        log_mel: ``(T, 96, 64)`` log-mel of each frame's second.
        uncertainty: ``(T, H, W)`` in [0, 1].
        groups: ``(T, H, W)`` group labels.
        sounding: Names of what sounds in each second, shown above the frames.
        title: Heading.
        semantic: Colour masks by class.

    Returns:
        The sheet, ``(height, width, 3)`` uint8 RGB.

    Raises:
        ValueError: Something given has another number of frames.
    """
    given = dict(
        gt_masks=gt_masks,
        pred_masks=pred_masks,
        log_mel=log_mel,
        uncertainty=uncertainty,
        groups=groups,
        sounding=sounding,
    )
    for name, value in given.items():
        if value is not None and len(value) != len(frames):
            raise ValueError(f'{name} has {len(value)} frames, the clip has {len(frames)}')
    rows: list[tuple[str, list[np.ndarray], dict]] = [('frame', list(frames), {})]
    if gt_masks is not None:
        cells = [overlay(f, m, None if semantic else TRUTH_COLOUR) for f, m in zip(frames, gt_masks, strict=True)]
        rows.append(('truth', cells, {}))
    if pred_masks is not None:
        cells = [
            overlay(f, m, None if semantic else PREDICTION_COLOUR) for f, m in zip(frames, pred_masks, strict=True)
        ]
        rows.append(('prediction', cells, {}))
    if uncertainty is not None:
        rows.append(('uncertainty', list(uncertainty), dict(cmap='magma', vmin=0, vmax=1)))
    if groups is not None:
        rows.append(('groups', [partition(f, g) for f, g in zip(frames, groups, strict=True)], {}))
    if log_mel is not None:
        limits = dict(vmin=float(np.min(log_mel)), vmax=float(np.max(log_mel)))
        rows.append(('log-mel', [m.T for m in log_mel], dict(cmap='viridis', origin='lower', aspect='auto', **limits)))

    num_frames = len(frames)
    figure = Figure(figsize=(CELL * num_frames + 0.6, CELL * len(rows) + 0.6), dpi=100, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), num_frames, squeeze=False)
    for i, (name, cells, style) in enumerate(rows):
        for t, cell in enumerate(cells):
            axes[i, t].imshow(cell, **style)
            axes[i, t].set(xticks=[], yticks=[])
        axes[i, 0].set_ylabel(name)
    for t in range(num_frames):
        names = f'\n{", ".join(sounding[t]) or "silent"}' if sounding is not None else ''
        axes[0, t].set_title(f'{t + 1} s{names}', fontsize=8)
    figure.suptitle(title, fontsize=10)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
