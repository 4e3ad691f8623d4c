"""Clips of arrays on disk: one growing ``.npy`` file per kind of array, read back as memory maps."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

HEADER = 'header.json'
META = 'meta.jsonl'
OFFSETS = 'offsets'


class GrowingArray:
    """A ``.npy`` file whose first axis grows; its header is right when it is closed.

    Args:
        path: The file, overwritten.
        dtype: Type of the entries.
        tail: Shape of one row.
    """

    def __init__(self, path: Path, dtype: np.dtype, tail: tuple[int, ...]) -> None:
        self.path, self.dtype, self.tail, self.length = path, np.dtype(dtype), tuple(tail), 0
        self._file: BinaryIO = path.open('wb')
        self._write_header()
        self._start = self._file.tell()

    def _write_header(self) -> None:
        # numpy pads the header so that the first axis can grow without moving the data
        descr = npy.dtype_to_descr(self.dtype)
        npy.write_array_header_1_0(self._file, dict(descr=descr, fortran_order=False, shape=(self.length, *self.tail)))

    def append(self, rows: np.ndarray) -> None:
        """Append ``(n, *tail)``.

        Raises:
            ValueError: Rows of another shape or type.
        """
        if rows.shape[1:] != self.tail or rows.dtype != self.dtype:
            raise ValueError(
                f'{self.path.name} holds rows {self.tail} {self.dtype}, got {rows.shape[1:]} {rows.dtype}; all clips of one '
                'cache need frames of one size: add a resize to the pipeline'
            )
        self._file.write(np.ascontiguousarray(rows).data)
        self.length += len(rows)

    def close(self) -> None:
        """Write the final header.

        Raises:
            ValueError: The header has outgrown its place.
        """
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._start:
            raise ValueError(f'{self.path}: the header of {self.length} rows does not fit in the place kept for it')
        self.abort()

    def abort(self) -> None:
        """Close the file as it is."""
        self._file.close()


class FeatureWriter:
    """Writes clips one after another.

    The arrays of a clip share their first axis (frames); the first clip decides which arrays there are.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offsets = [0]
        self._arrays: dict[str, GrowingArray] = {}
        self._tuples: set[str] = set()
        self._meta = (folder / META).open('wb')
        self._meta_offsets = [0]

    def append(self, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
        """Append one clip.

        Args:
            arrays: ``{name: (T, ...)}``.
            meta: Plain values (numbers, strings, lists, dicts, numpy scalars).

        Raises:
            ValueError: Other arrays than the first clip had, or arrays of different length.
        """
        if not self._arrays:
            self._arrays = {
                name: GrowingArray(self.folder / f'{name}.npy', value.dtype, value.shape[1:])
                for name, value in arrays.items()
            }
        if set(arrays) != set(self._arrays):
            raise ValueError(f'the clip has the arrays {sorted(arrays)}, the clips before {sorted(self._arrays)}')
        lengths = {name: len(value) for name, value in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f'the arrays of a clip need one number of frames, got {lengths}')
        for name, value in arrays.items():
            self._arrays[name].append(value)
        self.offsets.append(self.offsets[-1] + next(iter(lengths.values())))
        self._tuples.update(key for key, value in meta.items() if isinstance(value, tuple))
        line = json.dumps(meta, default=_plain).encode() + b'\n'
        self._meta.write(line)
        self._meta_offsets.append(self._meta_offsets[-1] + len(line))

    def bytes_per_frame(self) -> float:
        """Mean size of a frame so far, all files together."""
        rows = sum(array.dtype.itemsize * int(np.prod(array.tail)) for array in self._arrays.values())
        return rows + self._meta_offsets[-1] / max(self.offsets[-1], 1)

    def close(self, **header: Any) -> None:
        """Finish all files; ``header`` are further plain values kept with them."""
        for array in self._arrays.values():
            array.close()
        self._meta.close()
        np.save(self.folder / f'{OFFSETS}.npy', np.array([self.offsets, self._meta_offsets], np.int64))
        names = dict(arrays=sorted(self._arrays), tuples=sorted(self._tuples))
        (self.folder / HEADER).write_text(json.dumps({**header, **names}, indent=1))

    def abort(self) -> None:
        """Close all files as they are."""
        for array in self._arrays.values():
            array.abort()
        self._meta.close()


class FeatureStore:
    """Reads what :class:`FeatureWriter` has written; cheap to pickle, every process opens the files itself.

    Args:
        folder: A finished folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.header: dict[str, Any] = json.loads((self.folder / HEADER).read_text())
        self._maps: dict[str, np.ndarray] = {}
        self._open()

    def _open(self) -> None:
        self._offsets, self._meta_offsets = np.load(self.folder / f'{OFFSETS}.npy', allow_pickle=False)
        self._maps = {name: np.load(self.folder / f'{name}.npy', mmap_mode='r') for name in self.header['arrays']}
        self._meta = np.memmap(self.folder / META, np.uint8, mode='r')

    def __getstate__(self) -> dict[str, Any]:
        return dict(folder=self.folder, header=self.header)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def arrays(self, index: int) -> dict[str, np.ndarray]:
        """Return copies of the arrays ``(T, ...)`` of one clip."""
        start, end = self._offsets[index], self._offsets[index + 1]
        return {name: np.array(rows[start:end]) for name, rows in self._maps.items()}

    def meta(self, index: int) -> dict[str, Any]:
        """Return the plain values of one clip."""
        meta = json.loads(self._meta[self._meta_offsets[index] : self._meta_offsets[index + 1]].tobytes())
        return {key: tuple(value) if key in self.header['tuples'] else value for key, value in meta.items()}


def check_disk_space(folder: Path, needed: float) -> None:
    """Refuse to begin what cannot be finished.

    Raises:
        OSError: Fewer than ``needed`` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f'{os.strerror(errno.ENOSPC)}: the features need about {needed / 2**30:.2f} GiB, {free / 2**30:.2f} GiB are free; '
            'choose another cache_dir, fewer views, or delete caches that no config uses any more',
            str(folder),
        )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f'metainfo must be plain values, got {type(value).__name__}')
