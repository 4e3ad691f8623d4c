"""A plain loader of AVSBench-semantic, the yardstick of ``benchmark_loading.py``: Pillow and numpy, frame by frame.

It takes the steps of the published AVSS loaders: Pillow decodes and resizes, a mask becomes classes by comparing it with every
colour of the palette, frames are scaled and normalised in float32, and a clip is padded to ten frames. The log-mel, which the
published code makes inside its model, is made here as well, in float64 numpy.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmark_logmel import numpy_front_end
from PIL import Image, ImageEnhance
from scipy.io import wavfile
from torch import Tensor
from torch.utils.data import Dataset

MEAN, STD = np.float32((0.485, 0.456, 0.406)), np.float32((0.229, 0.224, 0.225))
NUM_FRAMES = 10
JITTER = dict(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)
AREA, RATIO = (0.6, 1.0), (3 / 4, 4 / 3)


def colours_to_classes(colours: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Class of every pixel of ``(H, W, 3)`` by one comparison per class; an unknown colour becomes 0, ``(H, W)`` int64."""
    colours = colours.astype(np.int32)
    planes = np.stack([np.all(np.equal(colours, colour), axis=-1) for colour in palette], axis=-1)
    return np.argmax(planes.astype(np.float32), axis=-1)


def to_tensor(image: Image.Image) -> Tensor:
    """``(3, H, W)`` float32, normalised with the statistics of ImageNet."""
    pixels = (np.asarray(image, np.float32) / 255 - MEAN) / STD
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def short_side(image: Image.Image, size: int, rule: int) -> Image.Image:
    """Short side to ``size``, long side rounded down, then the central square."""
    width, height = image.size
    width, height = (int(width * size / height), size) if width > height else (size, int(height * size / width))
    image = image.resize((width, height), rule)
    left, top = round((width - size) / 2), round((height - size) / 2)
    return image.crop((left, top, left + size, top + size))


class Augmentation:
    """Random window, mirror and colours of one clip, drawn once and applied frame by frame with Pillow.

    Args:
        width: Of the frames in pixels.
        height: Of the frames in pixels.
        size: Side of the result in pixels.
    """

    def __init__(self, width: int, height: int, size: int) -> None:
        self.size = size
        self.window = self._draw_window(width, height)
        self.flip = np.random.rand() < 0.5
        self.brightness, self.contrast, self.saturation, self.hue = (np.random.uniform(-x, x) for x in JITTER.values())

    @staticmethod
    def _draw_window(width: int, height: int) -> tuple[int, int, int, int]:
        for _ in range(10):
            area = height * width * np.random.uniform(*AREA)
            ratio = np.exp(np.random.uniform(*np.log(RATIO)))
            rows, columns = round(np.sqrt(area / ratio)), round(np.sqrt(area * ratio))
            if 0 < rows <= height and 0 < columns <= width:
                top = np.random.randint(height - rows + 1)
                left = np.random.randint(width - columns + 1)
                return left, top, left + columns, top + rows
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return left, top, left + side, top + side

    def place(self, image: Image.Image, rule: int) -> Image.Image:
        """Cut, resize and mirror a frame or mask."""
        image = image.crop(self.window).resize((self.size, self.size), rule)
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.flip else image

    def colour(self, image: Image.Image) -> Image.Image:
        """Change the colours of a frame."""
        image = ImageEnhance.Brightness(image).enhance(1 + self.brightness)
        image = ImageEnhance.Contrast(image).enhance(1 + self.contrast)
        image = ImageEnhance.Color(image).enhance(1 + self.saturation)
        hue, saturation, value = image.convert('HSV').split()
        hue = Image.fromarray(np.asarray(hue) + np.uint8(round(self.hue * 256) % 256))
        return Image.merge('HSV', (hue, saturation, value)).convert('RGB')


class PlainAVSSClips(Dataset):
    """Clips as ``(frames (10, 3, S, S) float32, log-mel (10, 1, 96, 64) float32, masks (10, S, S) int64)``.

    Args:
        clips: Samples with ``frame_paths``, ``mask_paths`` and ``audio_path``, as ``AVSSDataset.get_data_info`` gives them.
        palette: RGB colours of the classes.
        mode: ``'test'`` (direct resize), ``'train'`` (short side and centre, as published) or ``'augment'``.
        index_masks: Read ``labels_semantic``, which needs no comparison of colours, in place of ``labels_rgb``.
        size: Side of the frames in pixels.
    """

    def __init__(
        self,
        clips: Sequence[dict[str, Any]],
        palette: Sequence[Sequence[int]],
        mode: str,
        index_masks: bool = False,
        size: int = 224,
    ) -> None:
        self.clips, self.palette, self.mode, self.index_masks, self.size = clips, palette, mode, index_masks, size

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        clip = self.clips[index]
        images = [self.open(path) for path in clip['frame_paths']]
        masks = [self.open_mask(path) for path in clip['index_mask_paths' if self.index_masks else 'mask_paths']]
        if self.mode == 'augment':
            augmentation = Augmentation(*images[0].size, self.size)
            images = [augmentation.colour(augmentation.place(image, Image.BILINEAR)) for image in images]
            masks = [augmentation.place(mask, Image.NEAREST) for mask in masks]
        else:
            images = [self.resize(image, Image.BILINEAR) for image in images]
            masks = [self.resize(mask, Image.NEAREST) for mask in masks]
        frames = torch.zeros(NUM_FRAMES, 3, self.size, self.size)
        labels = torch.zeros(NUM_FRAMES, self.size, self.size, dtype=torch.long)
        frames[: len(images)] = torch.stack([to_tensor(image) for image in images])
        labels[: len(masks)] = torch.stack([torch.from_numpy(self.classes(mask)) for mask in masks])
        return frames, self.log_mel(clip['audio_path']), labels

    @staticmethod
    def open(path: str | Path) -> Image.Image:
        """Decode a picture as RGB."""
        with Image.open(path) as image:
            return image.convert('RGB')

    def open_mask(self, path: str | Path) -> Image.Image:
        """Decode a mask, as colours or as class numbers."""
        if not self.index_masks:
            return self.open(path)
        with Image.open(path) as image:
            return image.copy()

    def resize(self, image: Image.Image, rule: int) -> Image.Image:
        """Bring a picture or mask to size without anything random."""
        if self.mode == 'train':
            return short_side(image, self.size, rule)
        return image.resize((self.size, self.size), rule)

    def classes(self, mask: Image.Image) -> np.ndarray:
        """Classes of a mask, ``(H, W)`` int64."""
        pixels = np.asarray(mask)
        return pixels.astype(np.int64) if self.index_masks else colours_to_classes(pixels, self.palette)

    @staticmethod
    def log_mel(path: str | Path) -> Tensor:
        """Log-mel of a 16-bit wav file, zero-padded to ten examples."""
        sample_rate, samples = wavfile.read(path)
        examples = numpy_front_end(samples.reshape(len(samples), -1) / 32768.0, sample_rate)[:NUM_FRAMES]
        padded = np.zeros((NUM_FRAMES, 1, *examples.shape[1:]), np.float32)
        padded[: len(examples), 0] = examples
        return torch.from_numpy(padded)
