"""Unpacking zip and tar archives into the output folder: checked first, complete or not at all, once."""

import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from .archive_safety import Limits, Member, MemberCheck, Spent, clean_name
from .files import UNPACKED, OutputFolder, is_stray

ARCHIVE_SUFFIXES = ('.zip', '.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tbz2', '.tar.xz', '.txz')
# split archives and formats that the standard library does not read
FOREIGN_SUFFIXES = ('.rar', '.7z', '.z01', '.001', '.part', '.crdownload', '.gz')
_data_filter = getattr(tarfile, 'data_filter', None)  # Python 3.12, and patch releases of 3.10 and 3.11
_RESERVE = 1 << 30  # bytes that stay free
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, NotImplementedError)


def is_archive(path: str) -> bool:
    """Whether the name is that of an archive that :func:`unpack` reads."""
    return path.lower().endswith(ARCHIVE_SUFFIXES)


def unpack(path: str | os.PathLike, out: OutputFolder, limits: Limits | None = None, spent: Spent | None = None) -> str:
    """Unpack an archive below ``out`` unless that was done before.

    All members are checked before the first is written. File modes, owners and times of the archive are not taken over, and
    stray files (``.DS_Store``, ``__MACOSX``, ...) are left out.

    Args:
        path: A zip or tar archive (plain, gz, bz2, xz).
        out: Where to; the archive gets a folder of its own in ``.unpacked``, named after it, its size and its time.
        limits: See :class:`~mmavs.preparation.archive_safety.Limits`.
        spent: What the archives around it have unpacked to.

    Returns:
        The folder with the content.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The archive is unsafe, damaged, encrypted, split or of an unknown kind, or the disk is too small.
    """
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'archive {path!r} does not exist')
    if not is_archive(path):
        raise ValueError(
            f'{path!r} is no archive that can be read here (it must end in one of {", ".join(ARCHIVE_SUFFIXES)}); unpack it '
            'with the program it was made with (parts of a split archive: join them first) and pass the folder'
        )
    status = os.stat(path)
    digest = hashlib.sha256(repr((path, status.st_size, status.st_mtime_ns)).encode()).hexdigest()[:8]
    place = os.path.join(UNPACKED, f'{os.path.basename(path)}-{digest}')
    if os.path.isdir(out.join(place)):
        return out.join(place)
    with _opened(path) as archive:
        check = MemberCheck(path, status.st_size, limits or Limits(), spent)
        check.run(member for member, _ in archive())
        free = shutil.disk_usage(out.path).free
        if check.total + _RESERVE > free:
            raise ValueError(
                f'archive {path!r} unpacks to {check.total / 1e9:.1f} GB, {out.path!r} has {free / 1e9:.1f} GB left; choose '
                'an --out with more space'
            )
        part = out.part()
        os.mkdir(part)
        _write(path, archive, part)
    out.finish(part, place)
    return out.join(place)


_Entry = tuple[Member, Callable[[], IO[bytes]]]
_Archive = Callable[[], Iterator[_Entry]]


@contextmanager
def _opened(path: str) -> Iterator[_Archive]:
    """Yield a function that iterates over members and how to read them; each call starts from the beginning."""
    try:
        if path.lower().endswith('.zip'):
            with zipfile.ZipFile(path) as archive:
                yield lambda: _zip_entries(path, archive)
        else:
            yield lambda: _tar_entries(path)
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a full disk and the like; a decompressor has no error number
        raise ValueError(
            f'archive {path!r} is damaged or of a kind that cannot be read ({error}); download it again'
        ) from error


def _zip_entries(path: str, archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise ValueError(f'archive {path!r} is encrypted; unpack it with its password and pass the folder')
        mode = info.external_attr >> 16
        kind, link = 'folder' if info.is_dir() else 'file', ''
        if stat.S_ISLNK(mode):
            # zipfile knows no links: it would write the goal as the content of a file
            kind, link = (
                'symlink',
                archive.read(info).decode('utf-8', 'surrogateescape') if info.file_size < 4096 else '',
            )
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            kind = 'special'
        yield Member(info.filename, kind, info.file_size, link), lambda info=info: archive.open(info)


def _tar_entries(path: str) -> Iterator[_Entry]:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isreg():
                kind = 'file'
            elif info.isdir():
                kind = 'folder'
            else:
                kind = 'symlink' if info.issym() else 'hardlink' if info.islnk() else 'special'
            member = Member(info.name, kind, info.size if kind == 'file' else 0, info.linkname)
            yield member, lambda info=info: archive.extractfile(info)
            if _data_filter is not None:
                # second opinion of Python, on what the check let pass; below the archive itself, where no link can be
                _data_filter(info, path)
            archive.members.clear()  # a data set has 10^5 members; nothing here looks back
        while archive.fileobj.read(1 << 20):
            pass  # the checksum of a compressed tar is behind the last member, where tarfile does not look


def _new_file(path: str, name: str, target: str) -> IO[bytes]:
    try:
        return open(target, 'xb')
    except FileExistsError as error:
        raise ValueError(
            f'archive {path!r}: this disk takes the name of member {name!r} for that of another member (upper and lower case?); '
            'choose an --out on another disk'
        ) from error


def _write(path: str, archive: _Archive, folder: str) -> None:
    """Write all members below an empty folder: files first and links last, so that nothing is written through a link."""
    links = []
    for member, opener in archive():
        name = clean_name(path, member.name)
        if not name or any(is_stray(part) for part in name.split('/')):
            continue
        target = os.path.join(folder, name)
        os.makedirs(target if member.kind == 'folder' else os.path.dirname(target), exist_ok=True)
        if member.kind == 'file':
            with opener() as source, _new_file(path, name, target) as file:
                shutil.copyfileobj(source, file, 1 << 20)
            if os.path.getsize(target) != member.size:
                raise ValueError(
                    f'archive {path!r} is damaged: member {name!r} is not as long as it says; download it again'
                )
        elif member.kind != 'folder':
            links.append((member, target))
    for member, target in sorted(links, key=lambda pair: pair[0].kind):  # hardlinks before symlinks
        if member.kind == 'hardlink':
            goal = os.path.join(folder, clean_name(path, member.link))
            if os.path.lexists(goal):  # else the goal was a stray file
                os.link(goal, target)
        else:
            os.symlink(member.link.replace('\\', '/'), target)
