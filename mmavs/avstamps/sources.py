"""Where pictures and recordings come from: a folder of the unpacked Debian packages, or drawn and synthesised on the fly."""

import hashlib
import json
import math
from abc import ABCMeta, abstractmethod
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import soundfile
from scipy.signal import resample_poly

from mmavs.datasets.classes import VPO_CLASSES

from .catalog import HERE, Catalog, SoundingClass, stamps_catalog

SAMPLE_RATE = 16000
MAX_CUTOUT = 320  # longest side kept in memory, pixels
ACTIVE = (
    0.1  # of the loudest 20 ms; what is quieter would drown in the noise of a clip, so a second of it counts as silent
)
SPECK = 0.02  # of the largest part of a cut-out; smaller parts are stray pixels
FILES = json.loads((HERE / 'files.json').read_text())


class MediaSource(metaclass=ABCMeta):
    """Pictures and recordings by name; everything returned is ready for composing.

    Attributes:
        catalog: What there is.
        kind: ``'stamps'`` or ``'procedural'``.
    """

    catalog: Catalog
    kind: str

    @abstractmethod
    def cutout(self, name: str) -> np.ndarray:
        """Return a cut-out ``(h, w, 4)`` float32 RGBA in [0, 1], premultiplied, cropped to its object."""

    @abstractmethod
    def sound(self, name: str) -> np.ndarray:
        """Return a recording ``(n,)`` float32 at 16 kHz, without long silences, RMS 0.1."""

    @abstractmethod
    def background(self, name: str) -> np.ndarray:
        """Return a background ``(h, w, 3)`` uint8 RGB."""

    def checksums(self) -> dict[str, str]:
        """SHA-256 of every file that can be used; empty where there are no files."""
        return {}


def tidy_sound(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Resample to 16 kHz mono, trim silent ends, cut inner gaps over 0.3 s, normalise the RMS to 0.1.

    Gaps are cut because a second marked as sounding must not be silent; RMS and not the peak is normalised because lossy
    decoding overshoots. A recording that is silent all through stays empty.
    """
    wave = wave.mean(1) if wave.ndim == 2 else wave
    divisor = math.gcd(sample_rate, SAMPLE_RATE)
    wave = resample_poly(wave.astype(np.float64), SAMPLE_RATE // divisor, sample_rate // divisor)
    block = SAMPLE_RATE // 50
    count = len(wave) // block
    energy = np.sqrt((wave[: count * block].reshape(count, block) ** 2).mean(1))
    active = energy > max(energy.max(initial=0) * ACTIVE, 1e-4)
    if not active.any():
        return np.zeros(0, np.float32)
    keep = np.zeros(count, bool)
    reach = int(0.15 * SAMPLE_RATE / block)  # 0.15 s on either side: gaps up to 0.3 s survive
    for index in np.flatnonzero(active):
        keep[max(0, index - reach) : index + reach + 1] = True
    first, last = np.flatnonzero(active)[[0, -1]]
    keep[:first], keep[last + 1 :] = False, False
    wave = wave[: count * block].reshape(count, block)[keep].ravel()
    return (wave * (0.1 / np.sqrt((wave**2).mean()))).astype(np.float32)


def tidy_cutout(rgba: np.ndarray) -> np.ndarray:
    """Drop stray specks, crop to the rest, limit the size, premultiply alpha (straight alpha leaves fringes when scaled)."""
    solid = (rgba[..., 3] > 127).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if number < 2:
        raise ValueError('the picture has no opaque part')
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = (areas >= SPECK * areas.max())[labels].astype(np.uint8)
    near = cv2.dilate(kept, np.ones((5, 5), np.uint8)).astype(bool)
    rgba = rgba.astype(np.float32) / 255
    rgba[~near] = 0
    x, y, w, h = cv2.boundingRect(kept)
    rgba = rgba[y : y + h, x : x + w]
    rgba[..., :3] *= rgba[..., 3:]
    scale = MAX_CUTOUT / max(w, h)
    if scale < 1:
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        rgba = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(rgba)


class StampsSource(MediaSource):
    """Photographs and recordings of ``tuxpaint-stamps-default``, backgrounds of ``tuxpaint-data``.

    Args:
        root: The folder that holds ``stamps/`` (and ``templates/``): ``usr/share/tuxpaint`` of the unpacked packages.

    Raises:
        FileNotFoundError: Files of the curated list are missing; they are named.
    """

    kind = 'stamps'

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        wanted = list(FILES['sha256'])
        missing = [name for name in wanted if not (self.root / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f'{self.root} lacks {len(missing)} of {len(wanted)} files, first {missing[:3]}; it must hold stamps/ of '
                f'tuxpaint-stamps-default {FILES["packages"]["tuxpaint-stamps-default"]} and templates/ of tuxpaint-data'
            )
        self.catalog = stamps_catalog(tuple(name for name in wanted if name.startswith('templates/')))

    @cache  # noqa: B019  (one source lives as long as its process)
    def cutout(self, name: str) -> np.ndarray:
        """Read and tidy a PNG."""
        rgba = cv2.imread(str(self.root / name), cv2.IMREAD_UNCHANGED)
        if rgba is None or rgba.ndim != 3 or rgba.shape[2] != 4:
            raise ValueError(f'{self.root / name} is not a readable picture with transparency')
        return tidy_cutout(cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA))

    @cache  # noqa: B019
    def sound(self, name: str) -> np.ndarray:
        """Read and tidy an Ogg file."""
        wave, sample_rate = soundfile.read(self.root / name, dtype='float32')
        wave = tidy_sound(wave, sample_rate)
        if not len(wave):
            raise ValueError(f'{self.root / name} is silent')
        return wave

    @cache  # noqa: B019
    def background(self, name: str) -> np.ndarray:
        """Read a photograph; the black bars of one of them are cropped."""
        picture = cv2.imread(str(self.root / name), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f'{self.root / name} is not a readable picture')
        rows = np.flatnonzero(picture.max((1, 2)) > 24)
        return cv2.cvtColor(picture[rows[0] : rows[-1] + 1], cv2.COLOR_BGR2RGB)

    def checksums(self) -> dict[str, str]:
        """Hash every file of the curated list as it is on this machine."""
        return {name: hashlib.sha256((self.root / name).read_bytes()).hexdigest() for name in FILES['sha256']}


SHAPES = ('disc', 'square', 'triangle', 'star', 'ring', 'cross')
COLOURS = {
    'red': (220, 50, 40), 'green': (60, 180, 70), 'blue': (50, 90, 220), 'yellow': (230, 200, 40),
    'purple': (150, 60, 190), 'white': (235, 235, 235),
}  # fmt: skip


class ProceduralSource(MediaSource):
    """Coloured shapes that hum: needs no files. The shape sets the timbre, the colour the pitch.

    Shapes of one kind are a look-alike family and differ in colour; there are 36 classes, 24 of them core. The first 21 stand
    for the classes of VPO, in their order.
    """

    kind = 'procedural'

    def __init__(self) -> None:
        classes, vpo = [], iter(VPO_CLASSES[1:])
        for i, shape in enumerate(SHAPES):
            for j, colour in enumerate(COLOURS):
                name = f'{colour}_{shape}'
                held = (f'{name}#2',) if j == 0 else ()
                classes.append(
                    SoundingClass(name, shape, shape, i < 4, (f'{name}#0', f'{name}#1'), held, (name,), next(vpo, ''))
                )
        self.catalog = Catalog(
            tuple(classes),
            tuple(f'grey_{shape}#0' for shape in SHAPES),
            {f'offscreen{i}': f'offscreen{i}' for i in range(4)},
            tuple(f'noise{i}' for i in range(6)),
            tuple(f'held_noise{i}' for i in range(3)),
        )

    @staticmethod
    def _rng(name: str) -> np.random.Generator:
        return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], 'little'))

    @cache  # noqa: B019
    def cutout(self, name: str) -> np.ndarray:
        """Draw a shape with a faint texture; variants differ in proportions."""
        colour, shape = name.split('#')[0].split('_', 1)
        rng = self._rng(name)
        size, c = 96, 48
        alpha = np.zeros((size, size), np.uint8)
        angles = np.arange(10) * np.pi / 5 - np.pi / 2
        radii = np.where(np.arange(10) % 2 == 0, 44, 19)
        if shape == 'disc':
            cv2.circle(alpha, (c, c), 42, 255, -1)
        elif shape == 'ring':
            cv2.circle(alpha, (c, c), 42, 255, -1)
            cv2.circle(alpha, (c, c), 20, 0, -1)
        elif shape == 'square':
            cv2.rectangle(alpha, (10, 10), (86, 86), 255, -1)
        elif shape == 'triangle':
            cv2.fillPoly(alpha, [np.array([(c, 6), (90, 88), (6, 88)], np.int32)], 255)
        elif shape == 'cross':
            cv2.rectangle(alpha, (36, 6), (60, 90), 255, -1)
            cv2.rectangle(alpha, (6, 36), (90, 60), 255, -1)
        else:
            points = np.stack([c + radii * np.cos(angles), c + radii * np.sin(angles)], 1)
            cv2.fillPoly(alpha, [points.astype(np.int32)], 255)
        base = np.array(COLOURS.get(colour, (128, 128, 128)), np.float32)
        texture = cv2.resize(rng.normal(0, 14, (12, 12, 1)).astype(np.float32), (size, size))[..., None]
        rgba = np.concatenate([np.clip(base + texture, 0, 255), alpha[..., None]], 2).astype(np.uint8)
        width = round(size * rng.uniform(0.85, 1.15))
        return tidy_cutout(cv2.resize(rgba, (width, size), interpolation=cv2.INTER_NEAREST))

    @cache  # noqa: B019
    def sound(self, name: str) -> np.ndarray:
        """Synthesise 1.5 s of a tone whose overtones follow the shape and whose pitch follows the colour."""
        rng = self._rng(name)
        t = np.arange(round(1.5 * SAMPLE_RATE)) / SAMPLE_RATE
        if name.startswith('offscreen'):
            wave = rng.normal(0, 1, len(t)) * (1 + np.sin(2 * np.pi * 9 * t))
        else:
            colour, shape = name.split('_', 1)
            pitch = 180 * 1.5 ** list(COLOURS).index(colour)
            kind = SHAPES.index(shape)
            overtones = [(1, 1.0), (2, 0.7 * (kind % 2)), (3, 0.6 * (kind // 2 == 1)), (5, 0.5 * (kind // 2 == 2))]
            wave = sum(a * np.sin(2 * np.pi * pitch * k * t) for k, a in overtones if pitch * k < 7500)
            wave = wave * (1 + 0.8 * np.sin(2 * np.pi * (2 + 3 * kind) * t))
        return tidy_sound(wave.astype(np.float32), SAMPLE_RATE)

    @cache  # noqa: B019
    def background(self, name: str) -> np.ndarray:
        """Draw smooth coloured noise."""
        return noise_background(self._rng(name), 256)


def noise_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """Sum noise of 2 to 32 cells, scaled up: ``(size, size, 3)`` uint8."""
    total = np.full((size, size, 3), rng.uniform(60, 180, 3), np.float32)
    for cells in (2, 4, 8, 16, 32):
        noise = rng.normal(0, 60 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)
