"""Reading wav files, with an error wherever a decoder would return something shorter or other than the file promises."""

import os
import struct

import numpy as np
import soundfile

from mmavs.utils.reading import unreadable

# A writer that streams does not know the length: it leaves the largest number in the header.
_UNKNOWN_LENGTH = 0xFFFFFFFF
# Recorders write 8 kHz and more. A rate of a few Hz would stretch the sound to hours, one far above would squeeze it to nothing.
_RATES = (2000, 400_000)
# Full scale is 1. Float files may go a little beyond; a hundred times is integers written as float, or garbage.
_LOUDEST = 100.0


def read_wav(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """Read a whole wav file.

    Args:
        path: A RIFF/WAVE file (PCM of any width, float, or any other coding libsndfile knows).

    Returns:
        The samples ``(channels, n)`` float32 (integer PCM divided by its full scale, so 16 bit is ``value / 32768``), and
        the sample rate in Hz.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is empty, holds something else than wav (an mp3 that is named ``.wav``), is shorter than its
            header says, cannot be decoded, claims a sample rate that no recorder has, has no sample, or holds samples that
            are NaN, infinite or far beyond the full scale.
    """
    path = os.fspath(path)
    try:
        with open(path, 'rb') as file:
            _check_container(path, file, os.fstat(file.fileno()).st_size)
            file.seek(0)
            samples, sample_rate = soundfile.read(file, dtype='float32', always_2d=True)
    except OSError as error:
        raise unreadable('audio', path, error) from error
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f'audio file {path!r} cannot be decoded ({error}); write it again as 16-bit PCM wav'
        ) from error
    if not _RATES[0] <= sample_rate <= _RATES[1]:
        raise ValueError(
            f'audio file {path!r} claims a sample rate of {sample_rate} Hz, expected {_RATES[0]} to {_RATES[1]}; write it again '
            'from the source video'
        )
    if not len(samples):
        raise ValueError(f'audio file {path!r} has 0 samples; write it again from the source video')
    if not np.isfinite(samples).all():
        raise ValueError(f'audio file {path!r} holds NaN or infinite samples; write it again as 16-bit PCM wav')
    if (loudest := np.abs(samples).max()) > _LOUDEST:
        raise ValueError(
            f'audio file {path!r} holds samples of {loudest:.3g} times the full scale (integers written as float?); write it '
            'again as 16-bit PCM wav'
        )
    return np.ascontiguousarray(samples.T), sample_rate


def _check_container(path: str, file: object, size: int) -> None:
    """Walk over the chunks up to ``data``: decoders accept a truncated file in silence."""
    head = file.read(12)
    if not head:
        raise ValueError(f'audio file {path!r} is empty (0 bytes); write it again from the source video')
    if head[:4] not in (b'RIFF', b'RIFX', b'RF64') or head[8:12] != b'WAVE':
        raise ValueError(
            f'audio file {path!r} is not a wav file (it starts with {head[:4]!r}, expected RIFF....WAVE); '
            'convert it to 16-bit PCM wav, a change of the file name is not enough'
        )
    order = '>' if head[:4] == b'RIFX' else '<'
    long_size = None
    while True:
        header = file.read(8)
        if len(header) < 8:
            raise ValueError(f'audio file {path!r} is truncated: it has no data chunk; write it again')
        name, length = header[:4], struct.unpack(order + 'I', header[4:])[0]
        if name == b'data':
            break
        if name == b'ds64':
            sizes = file.read(16)
            if len(sizes) < 16 or length < 16:
                raise ValueError(f'audio file {path!r} is truncated: its ds64 chunk is incomplete; write it again')
            long_size = struct.unpack('<Q', sizes[8:])[0]
            length -= 16
        file.seek(length + length % 2, os.SEEK_CUR)
    if length == _UNKNOWN_LENGTH:
        if long_size is None:
            return
        length = long_size
    found = size - file.tell()
    if found < length:
        raise ValueError(
            f'audio file {path!r} is truncated: its header promises {length} bytes of samples, {found} are there; '
            'write it again from the source video'
        )
