"""Damage in the middle of a JPEG: decoders fill the gap with a guess, and tell it to nobody but the standard error stream."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import cv2
import numpy as np

from .picture_bytes import JPEG, read_picture_bytes

_COMPLAINT = re.compile(rb'(Corrupt JPEG data|Premature end)[^\n]*')


def check_jpeg(path: str | os.PathLike) -> None:
    """Look for damage in the middle of a JPEG, over which :func:`~mmavs.datasets.media.read_image` goes on.

    JPEG has no checksum. A lost or overwritten block is nearly always noticed, since what follows does not come out even; a
    few changed bytes mostly are not.

    What the decoder writes to the standard error stream of the process is listened to; not for processes in which other
    threads write there, and thus for checks and not for training.

    Args:
        path: A picture of any kind; only JPEG is looked into.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Part of the coded picture is lost or overwritten.
    """
    path = os.fspath(path)
    data = read_picture_bytes(path, 'frame')
    if not data.startswith(JPEG):
        return
    with _standard_error() as file:
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        file.seek(0)
        complaint = _COMPLAINT.search(file.read())
    if complaint:
        raise ValueError(
            f'frame file {path!r} is damaged inside, part of the picture is a guess of the decoder '
            f'({complaint.group().decode()}); copy it again'
        )


@contextmanager
def _standard_error() -> Iterator[IO[bytes]]:
    """Send what libraries write to the standard error stream to a file."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        own = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            yield file
        finally:
            os.dup2(own, 2)
            os.close(own)
