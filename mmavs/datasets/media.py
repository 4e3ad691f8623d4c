"""Reading one picture or one mask, with an error wherever a decoder would go on in silence."""

import io
import os
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from .classes import VPO_CATEGORY_IDS, voc_palette
from .picture_bytes import read_picture_bytes

MASK_MODES = ('binary', 'index', 'palette', 'vpo')
IGNORE = 255
_UNMATCHED = 254
_GREY_8_BIT = bytes((8, 0))  # bytes 24 and 25 of a PNG: bit depth and colour type
# Pixels coded at once: the buffers stay in the cache, and the allocator reuses them in place of asking for fresh pages.
_BLOCK = 1 << 16


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read a picture.

    Args:
        path: PNG, JPEG or anything else OpenCV reads. An EXIF orientation is not applied: masks do not know it.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is empty, truncated, no single picture, or larger than can be meant.
    """
    path = os.fspath(path)
    return _decode(path, 'frame', read_picture_bytes(path, 'frame'), cv2.IMREAD_COLOR_RGB)


def _decode(path: str, what: str, data: bytes, flag: int) -> np.ndarray:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:  # wider or higher than OpenCV reads
        raise ValueError(f'{what} file {path!r} cannot be decoded as a picture ({error.err}); copy it again') from error
    if pixels is None:
        raise ValueError(f'{what} file {path!r} cannot be decoded as a picture; copy it again')
    return pixels


def read_mask(
    path: str | os.PathLike,
    mode: str,
    num_classes: int,
    shape: tuple[int, int] | None = None,
    max_unmatched: float = 0.0,
) -> np.ndarray:
    """Read a mask as class indices.

    Args:
        path: An image file without loss (PNG).
        mode: ``'binary'``: black and white in any container (the object is white). ``'index'``: the stored number of each
            pixel, not its colour; in a task of two classes the object is stored as 255. ``'palette'``: RGB colours of
            :func:`~mmavs.datasets.classes.voc_palette`. ``'vpo'``: the category number of each pixel, see
            :data:`~mmavs.datasets.classes.VPO_CATEGORY_IDS`.
        num_classes: Classes including background; 2 in binary tasks.
        shape: ``(H, W)`` the mask must have (that of its frame), or ``None``.
        max_unmatched: For ``'palette'``: the share of the pixels, 0 to 1, that may have a colour of no class. They become
            background, which the published loader makes of any number of them in silence.

    Returns:
        ``(H, W)`` uint8: 0 background, class index, 255 ignore (``'vpo'``, and ``'index'`` with more than two classes).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is empty, truncated or not a picture; has another size than its frame; holds a value that no
            class has, or too many pixels of such a colour; or an argument is unknown.
    """
    if mode not in MASK_MODES:
        raise ValueError(f'mode must be one of {MASK_MODES}, got {mode!r}')
    check_max_unmatched(max_unmatched)
    path = os.fspath(path)
    pixels = _decode_mask(path, mode, num_classes)
    if shape is not None and pixels.shape[:2] != tuple(shape):
        raise ValueError(
            f'mask file {path!r} is {pixels.shape[0]}x{pixels.shape[1]} (height x width), its frame is '
            f'{shape[0]}x{shape[1]}; frame and mask must have one size'
        )
    if mode == 'palette':
        return _from_colours(path, pixels, num_classes, max_unmatched)
    if mode == 'vpo':
        return _from_categories(path, pixels)
    if mode == 'binary' or num_classes == 2:
        return _from_black_and_white(path, pixels)
    highest = int(pixels.max(initial=0))
    if highest >= num_classes:
        highest = int(np.where(pixels == IGNORE, 0, pixels).max())
    if highest >= num_classes:
        raise ValueError(
            f'mask file {path!r} holds the class index {highest}, the data set has the classes 0..{num_classes - 1} '
            '(and 255 for ignore); check the class list of the data set'
        )
    return pixels


def _decode_mask(path: str, mode: str, num_classes: int) -> np.ndarray:
    data = read_picture_bytes(path, 'mask')
    if mode not in ('index', 'vpo'):
        flag = cv2.IMREAD_GRAYSCALE if mode == 'binary' else cv2.IMREAD_COLOR_RGB
        return _decode(path, 'mask', data, flag)
    if data[:4] == b'\x89PNG' and data[24:26] == _GREY_8_BIT:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is not None and pixels.ndim == 2:
            return pixels
    # OpenCV replaces the indices of a palette file by their colours, Pillow keeps them.
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode in ('RGB', 'RGBA') and num_classes == 2:
                return _decode_mask(path, 'binary', num_classes)  # black and white is no less clear in three channels
            if image.mode not in ('1', 'L', 'P'):
                raise ValueError(
                    f'mask file {path!r} has the pixel format {image.mode!r}, mode={mode!r} needs one 8-bit number per pixel '
                    "('L', 'P' or '1'); use mode='palette' for colours"
                )
            return np.asarray(image.convert('L') if image.mode == '1' else image)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f'mask file {path!r} cannot be decoded as a picture ({error}); copy it again') from error


_BLACK_AND_WHITE = np.full(256, _UNMATCHED, np.uint8)
_BLACK_AND_WHITE[[0, 255]] = 0, 1


def _from_black_and_white(path: str, pixels: np.ndarray) -> np.ndarray:
    mask = cv2.LUT(pixels, _BLACK_AND_WHITE)
    if mask.max(initial=0) == _UNMATCHED:
        wrong = np.unique(pixels[(pixels != 0) & (pixels != 255)])[:5].tolist()
        raise ValueError(
            f'mask file {path!r} holds the values {wrong}, a binary mask has 0 and 255 only; save it without loss '
            'compression and without interpolation'
        )
    return mask


@lru_cache(maxsize=1)
def _category_table() -> np.ndarray:
    """Class index of every category number, ``(256,)`` uint8."""
    table = np.full(256, _UNMATCHED, np.uint8)
    table[[0, *VPO_CATEGORY_IDS.values()]] = np.arange(len(VPO_CATEGORY_IDS) + 1)
    table[IGNORE] = IGNORE
    return table


def _from_categories(path: str, pixels: np.ndarray) -> np.ndarray:
    mask = _category_table()[pixels]
    if (mask == _UNMATCHED).any():
        wrong = np.unique(pixels[mask == _UNMATCHED])[:5].tolist()
        raise ValueError(
            f'mask file {path!r} holds the category numbers {wrong}, which are no classes of VPO; expected are 0, 255 and '
            f'{sorted(VPO_CATEGORY_IDS.values())}. Copy the file again'
        )
    return mask


def check_max_unmatched(share: float) -> None:
    """Refuse what is no share of pixels.

    Raises:
        ValueError: ``share`` is no number from 0 to 1.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(f'max_unmatched must be a share of pixels from 0 to 1, got {share!r}')


@lru_cache(maxsize=2)
def _colour_table(num_classes: int) -> np.ndarray:
    """Class index of every colour ``blue << 16 | green << 8 | red``, ``(2**24,)`` uint8: one look-up per pixel."""
    table = np.full(1 << 24, _UNMATCHED, np.uint8)
    for index, (red, green, blue) in enumerate(voc_palette(num_classes)):
        table[blue << 16 | green << 8 | red] = index
    return table


def _from_colours(path: str, pixels: np.ndarray, num_classes: int, max_unmatched: float) -> np.ndarray:
    table = _colour_table(num_classes)
    mask = np.empty(pixels.shape[:2], np.uint8)
    rows = max(1, _BLOCK // mask.shape[1])
    for top in range(0, len(mask), rows):
        # with a fourth channel a pixel can be seen as one number
        codes = cv2.cvtColor(pixels[top : top + rows], cv2.COLOR_RGB2RGBA).view('<u4')[..., 0] & 0xFFFFFF
        table.take(codes, out=mask[top : top + rows], mode='clip')
    if mask.max(initial=0) == _UNMATCHED:
        wrong = mask == _UNMATCHED
        if wrong.mean() > max_unmatched:
            colour = tuple(int(c) for c in pixels[wrong][0])
            raise ValueError(
                f'mask file {path!r} has {int(wrong.sum())} pixels of a colour that no class has, more than '
                f'max_unmatched={max_unmatched} allows, for example RGB {colour}; read labels_semantic instead '
                "(mode='index'), or raise max_unmatched: they then are background, as in the published loader"
            )
        mask[wrong] = 0
    return mask
