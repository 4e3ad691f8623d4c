"""What each model makes of a clip, as strips of small pictures that are cheap to embed."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from mmavs.structures import AVSDataSample
from mmavs.visualization import cells

UNCERTAINTY_MAP = 'magma'
UNCERTAINTY_TOPS = (0.25, 0.5, 1.0)  # ends of its scale; the first that no value of the clip exceeds is taken
FRAME_GAP = 2  # pixels between two frames
GAP_GREY = 128  # quiet on light and on dark ground
SIZES = ((144, 75), (128, 70), (112, 60), (96, 50), (80, 40), (64, 30))
"""Width of a frame in pixels and WebP quality, the best first; a page that gets too large takes the next."""


@dataclass
class Strip:
    """Pictures of one kind, one per frame.

    Attributes:
        name: What they show.
        model: Number of the model, ``None`` for frames and truth.
        pictures: ``(T, h, w, 3)`` uint8 RGB.
    """

    name: str
    model: int | None
    pictures: np.ndarray

    def data_uri(self, width: int, quality: int) -> str:
        """Encode the frames side by side, each ``width`` pixels wide, as a WebP image in a data URI."""
        size = frame_size(self.pictures.shape[1:3], width)
        fitted = [cells.fit(picture, size) for picture in self.pictures]
        gap = np.full((size[0], FRAME_GAP, 3), GAP_GREY, np.uint8)
        row = [piece for picture in fitted for piece in (gap, picture)][1:]
        image = np.concatenate(row, 1)[..., ::-1]
        encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
        return f'data:image/webp;base64,{base64.b64encode(encoded).decode()}'


@dataclass
class Prediction:
    """What one model says about a clip: masks ``(T, H, W)`` and, where it has one, uncertainty ``(T, H, W)``."""

    masks: np.ndarray
    uncertainty: np.ndarray | None


def predict(model: nn.Module, item: dict) -> tuple[Prediction, AVSDataSample]:
    """Run a model on one item of its test set."""
    with torch.no_grad():
        sample = model.test_step(pseudo_collate([item]))[0].cpu()
    uncertainty = sample.pred_uncertainty.float().numpy() if 'pred_uncertainty' in sample else None
    return Prediction(sample.pred_masks.numpy(), uncertainty), sample


def frame_size(shape: tuple[int, int], width: int) -> tuple[int, int]:
    """Size of a picture of a given width: ``(height, width)``."""
    return max(1, round(width * shape[0] / shape[1])), width


def draw_strips(
    frames: np.ndarray, truth: np.ndarray, predictions: Sequence[Prediction], *, semantic: bool
) -> list[Strip]:
    """Draw frames, truth, the masks of every model and the uncertainty of those that have one.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        truth: ``(T, H, W)`` labels.
        predictions: Of every model; maps may have another resolution than the frames.
        semantic: Colours belong to classes.
    """
    size = frame_size(frames.shape[1:3], SIZES[0][0])
    photos = [cells.fit(frame, size) for frame in frames]
    outlines = [cells.fit(mask, size) for mask in truth]
    colours = (None, None) if semantic else (cells.TRUTH_COLOUR, cells.PREDICTION_COLOUR)
    strips = [Strip('frames', None, np.stack(photos))]
    drawn = [cells.overlay(photo, mask, colours[0]) for photo, mask in zip(photos, outlines, strict=True)]
    strips.append(Strip('truth', None, np.stack(drawn)))
    highest = max((float(p.uncertainty.max()) for p in predictions if p.uncertainty is not None), default=0.0)
    top = next((end for end in UNCERTAINTY_TOPS if highest <= end), UNCERTAINTY_TOPS[-1])
    for number, prediction in enumerate(predictions):
        masks = [cells.fit(mask, size) for mask in prediction.masks]
        drawn = [
            cells.overlay(photo, mask, colours[1], reference=line)
            for photo, mask, line in zip(photos, masks, outlines, strict=True)
        ]
        strips.append(Strip('mask', number, np.stack(drawn)))
        if prediction.uncertainty is None:
            continue
        values = [cells.fit(value / top, size) for value in prediction.uncertainty]
        drawn = [cells.heat(photo, value, UNCERTAINTY_MAP) for photo, value in zip(photos, values, strict=True)]
        strips.append(Strip(f'uncertainty, 0 to {top:g}', number, np.stack(drawn)))
    return strips
