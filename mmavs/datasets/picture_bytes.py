"""The bytes of a picture file, refused before they are decoded where the header already tells that they must not be."""

import io
import struct

from PIL import Image, UnidentifiedImageError

from mmavs.utils.reading import unreadable

# A header of a few bytes can ask for gigabytes. 100 million pixels are a photograph of 10000 x 10000.
MAX_PIXELS = 100_000_000
# Encoders write the end marker last; some tools append a few bytes of their own.
_TAIL = 1024
_PNG, JPEG = b'\x89PNG', b'\xff\xd8\xff'
_END_MARKERS = {_PNG: b'IEND\xaeB`\x82', JPEG: b'\xff\xd9'}
# Start-of-frame markers of JPEG: C0 to CF without the tables C4, C8, CC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_picture_bytes(path: str, what: str) -> bytes:
    """Read a picture file and check what its first and last bytes say.

    Args:
        path: The file; its content counts, not the end of its name.
        what: ``'frame'`` or ``'mask'``, for the errors. A mask must not have 16 bits per value: decoders would cut them to 8
            in silence, and 1 would become 0.

    Returns:
        The content of the file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file cannot be read, is empty, truncated, no picture, an animation, larger than :data:`MAX_PIXELS`, or
            a mask of 16 bits.
    """
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        raise unreadable(what, path, error) from error
    if not data:
        raise ValueError(f'{what} file {path!r} is empty (0 bytes); copy it again')
    for magic, marker in _END_MARKERS.items():
        if data.startswith(magic) and marker not in data[-_TAIL:]:
            raise ValueError(f'{what} file {path!r} is truncated (no end marker); copy it again')
    if data.startswith(_PNG) and what == 'mask' and data[24:25] == b'\x10':
        raise ValueError(
            f'{what} file {path!r} has 16 bits per value, a mask has 8; save it again with 8 bits per value'
        )
    header = _header(data)
    if header is None:  # not even tried: its size is unknown, and OpenCV leaves temporary files behind for some kinds
        raise ValueError(f'{what} file {path!r} cannot be decoded as a picture; copy it again')
    width, height, pictures = header
    if pictures > 1:
        raise ValueError(
            f'{what} file {path!r} is an animation of {pictures} pictures, expected one; save one as PNG or JPEG'
        )
    if width * height > MAX_PIXELS:
        raise ValueError(
            f'{what} file {path!r} claims {width}x{height} pixels, at most {MAX_PIXELS} are read; it is damaged, or must be '
            'made smaller'
        )
    return data


def _header(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and number of pictures as the file claims; zeros where the decoder will refuse it, ``None`` if unknown."""
    if data.startswith(_PNG):
        return (*(struct.unpack('>II', data[16:24]) if len(data) >= 24 else (0, 0)), _png_pictures(data))
    if data.startswith(JPEG):
        return (*_jpeg_size(data), 1)
    try:
        with Image.open(io.BytesIO(data)) as image:
            return (*image.size, getattr(image, 'n_frames', 1))
    except Image.DecompressionBombError:
        return MAX_PIXELS + 1, 1, 1
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None


def _png_pictures(data: bytes) -> int:
    at = data.find(b'acTL', 0, data.find(b'IDAT'))  # animation control, before the first pixels
    return int.from_bytes(data[at + 4 : at + 8], 'big') if at > 0 else 1


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at > 0 and at + 9 <= len(data):
        if data[at] != 0xFF:
            at = data.find(b'\xff', at)  # decoders skip what is between the segments
            continue
        if data[at + 1] in _JPEG_FRAMES:
            height, width = struct.unpack('>HH', data[at + 5 : at + 9])
            return width, height
        # a marker may be preceded by any number of fill bytes
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
    return 0, 0
