"""Pictures: placing cut-outs on a background and drawing the frames and masks of a clip."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from .sources import MediaSource, noise_background

MASK_ALPHA = 0.5
SIZE_BY_NUMBER = {1: 0.62, 2: 0.50, 3: 0.42, 4: 0.36, 5: 0.30}


@dataclass
class Thing:
    """One cut-out in a scene.

    Attributes:
        cls: Class name, empty for things that can not sound.
        image: Name of the cut-out.
        size: Square root of its area in parts of the canvas side.
        x: Centre, 0 left to 1 right.
        y: Centre, 0 top to 1 bottom.
        on: Whether it sounds, per second.
        sound: Name of the recording, empty if it never sounds.
        opacity: 1 for objects, less for clutter.
        clutter: Drawn under the objects.
    """

    cls: str
    image: str
    size: float
    x: float = 0.5
    y: float = 0.5
    on: list[bool] = field(default_factory=list)
    sound: str = ''
    opacity: float = 1.0
    clutter: bool = False


def transform_cutout(cutout: np.ndarray, size: float, canvas: int, rng: np.random.Generator) -> np.ndarray:
    """Flip, recolour, scale and rotate a premultiplied cut-out: ``(h, w, 4)`` float32."""
    rgba = cutout[:, ::-1] if rng.random() < 0.5 else cutout
    height, width = rgba.shape[:2]
    scale = size * canvas / np.sqrt(height * width)
    scale = min(scale, 1.3 * size * canvas / max(height, width))
    angle = rng.uniform(-18, 18)
    hue, saturation, value = rng.uniform(-7, 7), rng.uniform(0.7, 1.25), rng.uniform(0.7, 1.25)
    diagonal = int(np.ceil(np.hypot(height, width) * scale)) + 2
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    matrix[:, 2] += diagonal / 2 - np.array([width / 2, height / 2])
    shrink = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    if scale < 0.5:  # warping alone would alias
        rgba = cv2.resize(rgba, None, fx=2 * scale, fy=2 * scale, interpolation=shrink)
        height, width = rgba.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 0.5)
        matrix[:, 2] += diagonal / 2 - np.array([width / 2, height / 2])
    warped = cv2.warpAffine(np.ascontiguousarray(rgba), matrix, (diagonal, diagonal), flags=cv2.INTER_LINEAR)
    rows, columns = np.flatnonzero(warped[..., 3].max(1) > 0.05), np.flatnonzero(warped[..., 3].max(0) > 0.05)
    if not len(rows) or not len(columns):
        return warped[:1, :1]
    warped = warped[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha = warped[..., 3:]
    colour = np.clip(warped[..., :3] / np.maximum(alpha, 1e-3), 0, 1)
    hsv = cv2.cvtColor(colour, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 2 * hue) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] * value, 0, 1)
    return np.concatenate([cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * alpha, alpha], 2)


def paste(picture: np.ndarray, patch: np.ndarray, x: float, y: float) -> np.ndarray:
    """Draw a premultiplied patch with its centre at pixel ``(x, y)``; return its alpha on the canvas ``(S, S)``."""
    canvas = picture.shape[0]
    height, width = patch.shape[:2]
    top, left = round(y - height / 2), round(x - width / 2)
    t0, l0 = max(0, top), max(0, left)
    t1, l1 = min(canvas, top + height), min(canvas, left + width)
    alpha = np.zeros((canvas, canvas), np.float32)
    if t1 > t0 and l1 > l0:
        part = patch[t0 - top : t1 - top, l0 - left : l1 - left]
        picture[t0:t1, l0:l1] = picture[t0:t1, l0:l1] * (1 - part[..., 3:]) + part[..., :3] * 255
        alpha[t0:t1, l0:l1] = part[..., 3]
    return alpha


def background(source: MediaSource, name: str, canvas: int, rng: np.random.Generator) -> np.ndarray:
    """Crop a background (or make noise if ``name`` is empty): ``(S, S, 3)`` float32."""
    if not name:
        return noise_background(rng, canvas).astype(np.float32)
    picture = source.background(name)
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    crop = cv2.resize(picture[top : top + side, left : left + side], (canvas, canvas), interpolation=cv2.INTER_AREA)
    return crop.astype(np.float32)


def place(number: int, rng: np.random.Generator, low: float, high: float, enough: float, draws: int) -> np.ndarray:
    """Draw centres ``(number, 2)`` in ``low..high``, the best of ``draws`` for mutual distance (stop at ``enough``)."""
    best, best_distance = None, -1.0
    for _ in range(draws):
        centres = rng.uniform(low, high, (number, 2))
        gaps = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + 9 * np.eye(number)
        if gaps.min() > best_distance:
            best, best_distance = centres, gaps.min()
        if best_distance > enough:
            break
    return best


def draw(
    source: MediaSource,
    things: list[Thing],
    background_name: str,
    canvas: int,
    num_frames: int,
    rng: np.random.Generator,
    noise: float,
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Draw a clip.

    Args:
        source: Where the cut-outs are.
        things: From back to front.
        background_name: Name of the background, empty for noise.
        canvas: Side in pixels, ``S``.
        num_frames: ``T``.
        rng: Generator of the clip.
        noise: Standard deviation of the pixel noise.

    Returns:
        ``T`` frames ``(S, S, 3)`` uint8; ``T`` maps ``(S, S)`` int8 of the visible thing (its index, -1 for none; clutter is
        none); and per thing the share of its own pixels that stays visible in the worst frame.
    """
    base = background(source, background_name, canvas, rng)
    patches = [
        transform_cutout(source.cutout(t.image), t.size, canvas, rng) * np.float32(t.opacity if t.clutter else 1)
        for t in things
    ]
    drift = [np.zeros(2) if t.clutter else rng.uniform(-0.02, 0.02, 2) * canvas for t in things]
    frames, owners, visible = [], [], np.ones(len(things))
    for frame in range(num_frames):
        picture = base.copy()
        owner = np.full((canvas, canvas), -1, np.int8)
        areas = np.zeros(len(things))
        for index, thing in enumerate(things):
            step = drift[index] * (frame - (num_frames - 1) / 2)
            alpha = paste(picture, patches[index], thing.x * canvas + step[0], thing.y * canvas + step[1])
            solid = alpha > MASK_ALPHA * thing.opacity
            areas[index] = solid.sum()
            owner[solid] = -1 if thing.clutter else index
        for index, thing in enumerate(things):
            if not thing.clutter:
                share = (owner == index).sum() / max(areas[index], 1)
                visible[index] = min(visible[index], share)
        picture += rng.normal(0, noise, picture.shape).astype(np.float32)
        frames.append(np.clip(picture, 0, 255).round().astype(np.uint8))
        owners.append(owner)
    return frames, owners, visible
