"""Writing below an output folder: nothing half-written is ever taken for complete, and nothing outside is touched."""

import contextlib
import errno
import fcntl
import filecmp
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence

UNPACKED = '.unpacked'
_PARTS = '.parts'  # unfinished files; on the same file system as the targets, so that os.replace is atomic
_LOCK = '.prepare.lock'
_counter = itertools.count()

_STRAY_FILES = {'thumbs.db', 'ehthumbs.db', 'desktop.ini'}
_STRAY_FOLDERS = {'__macosx', '@eadir', '$recycle.bin'}


def is_stray(name: str) -> bool:
    """Whether a file or folder name (one path component) is left over from a file manager or hidden: never data."""
    return name.startswith('.') or name.lower() in _STRAY_FILES | _STRAY_FOLDERS


def walk_files(root: str | os.PathLike, on_error: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """Yield the absolute paths of all files below a folder, sorted, without stray ones.

    Links to folders are followed (people keep media on another disk); a folder is entered once, so that loops end.

    Args:
        root: The folder.
        on_error: Called with the error of a folder that cannot be listed, which is then left out.
    """
    seen = set()
    for folder, folders, names in os.walk(os.path.abspath(root), onerror=on_error, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not is_stray(name))
        yield from (os.path.join(folder, name) for name in sorted(names) if not is_stray(name))


def refuse_overlap(sources: Sequence[str | os.PathLike], out: str | os.PathLike, data_folders: Sequence[str]) -> None:
    """Refuse an output folder that would put files into a source, or a source that lies among the results.

    Args:
        sources: Archives and folders of the download.
        out: The output folder; need not exist.
        data_folders: Names of the folders below ``out`` that are written.

    Raises:
        FileNotFoundError: A source does not exist.
        ValueError: Source and output overlap.
    """
    target = os.path.realpath(out)
    for source in sources:
        if not os.path.exists(source):
            raise FileNotFoundError(f'source {os.fspath(source)!r} does not exist; name the archive or folder you have')
        place = os.path.realpath(source)
        if os.path.isdir(place) and _is_inside(target, place):
            raise ValueError(
                f'--out {os.fspath(out)!r} lies in the source {os.fspath(source)!r}, which must stay as it is; choose a folder '
                'outside of it (to check data that is already arranged, pass --out and no source)'
            )
        for name in (*data_folders, UNPACKED):
            if _is_inside(place, os.path.join(target, name)):
                raise ValueError(
                    f'source {os.fspath(source)!r} lies among the results in {os.path.join(out, name)!r}; choose another '
                    '--out (to check data that is already arranged, pass --out and no source)'
                )


def _is_inside(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


class OutputFolder:
    """The folder that results are written to.

    Files get their name when they are complete; what a killed run leaves behind is removed by the next one.

    Args:
        path: The folder; made if needed.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = os.path.abspath(path)
        self._checked: set[str] = set()

    def join(self, *names: str) -> str:
        """Absolute path of something below the folder."""
        return os.path.join(self.path, *names)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other runs out, and remove what a killed one left; the lock ends with the process, however it ends.

        Raises:
            ValueError: Another run works on the folder, or its disk is full.
        """
        os.makedirs(self.path, exist_ok=True)
        with open(self.join(_LOCK), 'w') as file:
            try:
                # lockf and not flock: worker processes that outlive a killed parent must not hold the lock
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ValueError(
                    f'another run is writing to {self.path!r}; wait for it or choose another --out'
                ) from error
            shutil.rmtree(self.join(_PARTS), ignore_errors=True)
            try:
                yield
            except OSError as error:
                if not is_disk_full(error):
                    raise
                raise ValueError(
                    f'the disk of {self.path!r} is full ({error.strerror}); free some space and run the same command again: '
                    'what is complete stays'
                ) from error
            finally:
                shutil.rmtree(self.join(_PARTS), ignore_errors=True)

    def part(self) -> str:
        """Path of a new unfinished file or folder."""
        os.makedirs(self.join(_PARTS), exist_ok=True)
        return self.join(_PARTS, f'{os.getpid()}-{next(_counter)}')

    def finish(self, part: str, path: str) -> None:
        """Give an unfinished file its name below the folder.

        Args:
            part: From :meth:`part`.
            path: Relative to the folder.

        Raises:
            ValueError: The path leads out of the folder through a link.
        """
        target = self.join(path)
        self.make_folder(os.path.dirname(path))
        os.replace(part, target)

    def make_folder(self, path: str) -> None:
        """Make a folder below the folder, as :meth:`finish` does.

        Args:
            path: Relative to the folder.

        Raises:
            ValueError: The path leads out of the folder through a link.
        """
        folder = self.join(path)
        if folder in self._checked:
            return
        place = os.path.realpath(folder)
        if not _is_inside(place, os.path.realpath(self.path)):
            raise ValueError(
                f'{folder!r} is a link out of {self.path!r}; nothing is written through it: remove the link or choose another '
                '--out'
            )
        os.makedirs(folder, exist_ok=True)
        self._checked.add(folder)

    def write(self, path: str, data: bytes) -> None:
        """Write a file.

        Args:
            path: Relative to the folder.
            data: Its content.
        """
        part = self.part()
        with open(part, 'wb') as file:
            file.write(data)
        self.finish(part, path)

    def link(self, path: str, source: str) -> None:
        """Make ``path`` a symbolic link to ``source``; relative where both are in the folder, so that it can be moved.

        Args:
            path: Relative to the folder.
            source: Absolute path.
        """
        goal = self.link_text(path, source)
        if _readlink(self.join(path)) == goal:
            return
        part = self.part()
        os.symlink(goal, part)
        self.finish(part, path)

    def link_text(self, path: str, source: str) -> str:
        """What a link at ``path`` to ``source`` says."""
        if _is_inside(source, self.path):
            return os.path.relpath(source, os.path.dirname(self.join(path)))
        return source

    def copy(self, path: str, source: str) -> None:
        """Copy ``source`` to ``path``; what was unpacked into this folder is not stored twice.

        Args:
            path: Relative to the folder.
            source: Absolute path.
        """
        part = self.part()
        if _is_inside(source, self.join(UNPACKED)):
            try:
                os.link(os.path.realpath(source), part)
            except OSError:  # a file system without hard links; the content is the same
                shutil.copyfile(source, part)
        else:
            shutil.copyfile(source, part)
        self.finish(part, path)

    def place(self, path: str, source: str, mode: str) -> str | None:
        """Link or copy one file unless it is there already. A file that is no link is never replaced.

        Args:
            path: Relative to the folder.
            source: Absolute path.
            mode: ``'link'`` or ``'copy'``.

        Returns:
            ``None``, or what stands in the way.
        """
        target = self.join(path)
        if os.path.exists(target) and not os.path.islink(target):
            if _is_copy(target, source):
                return None
            return f'{target!r} is there and differs from {source!r}; remove the one that is wrong and run again'
        if mode == 'link':
            self.link(path, source)
        else:
            self.copy(path, source)
        return None


def is_disk_full(error: OSError) -> bool:
    """Whether an error says that disk or quota are used up."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _is_copy(target: str, source: str) -> bool:
    """Whether ``target`` holds what ``source`` does; a source that was not touched since the copy is not read again."""
    copy, original = os.stat(target), os.stat(source)
    if copy.st_size != original.st_size:
        return False
    return max(original.st_mtime_ns, original.st_ctime_ns) <= copy.st_mtime_ns or same_content(target, source)


def _readlink(path: str) -> str | None:
    return os.readlink(path) if os.path.islink(path) else None


def same_content(first: str, second: str) -> bool:
    """Whether two files hold the same bytes."""
    return os.path.samefile(first, second) or filecmp.cmp(first, second, shallow=False)
