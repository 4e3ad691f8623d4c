"""What an archive may hold: decided for all members before anything is written."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_DRIVE = re.compile(r'^[A-Za-z]:')
_SMALL = 64 << 20  # bytes that no disk minds; small text files may well shrink a thousandfold


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to, together with the archives in it.

    Attributes:
        max_bytes: Sum of all members.
        max_ratio: That sum over the size of the archive; media hardly shrink, so that more than this is a zip bomb.
        max_members: Number of members.
    """

    max_bytes: int = 500 * 10**9
    max_ratio: float = 200.0
    max_members: int = 5_000_000


@dataclass
class Spent:
    """What an archive and the archives in it have unpacked to so far.

    Attributes:
        archive_bytes: Size of the outermost archive.
        num_bytes: Sum of the files.
        num_files: Their number.
    """

    archive_bytes: int
    num_bytes: int = 0
    num_files: int = 0


@dataclass(frozen=True)
class Member:
    """One entry of an archive.

    Attributes:
        name: As stored.
        kind: ``'file'``, ``'folder'``, ``'symlink'``, ``'hardlink'`` or ``'special'`` (devices, pipes).
        size: Unpacked, in bytes.
        link: Where a link leads: relative to its folder (symlink) or to the archive (hardlink).
    """

    name: str
    kind: str
    size: int = 0
    link: str = ''


def clean_name(archive: str, name: str) -> str:
    """Normalise the name of a member.

    Args:
        archive: The archive, for the message.
        name: As stored; archives of some Windows programs separate folders by a backslash.

    Returns:
        Relative path with ``/``, without ``.`` parts; empty for the top folder itself.

    Raises:
        ValueError: The name is absolute, has ``..`` or holds a null byte.
    """
    path = name.replace('\\', '/')
    parts = [part for part in path.split('/') if part not in ('', '.')]
    if path.startswith('/') or _DRIVE.match(path) or '..' in parts or '\0' in path:
        raise _refusal(archive, name, 'its name leads out of the folder of the archive')
    return '/'.join(parts)


def _refusal(archive: str, name: str, reason: str) -> ValueError:
    return ValueError(
        f'archive {archive!r} is refused, nothing was unpacked: member {name!r}: {reason}. Get the archive from its official '
        'place, or unpack it yourself and pass the folder'
    )


def _link_goal(archive: str, member: Member, path: str) -> str:
    """Path in the archive that a link leads to; refused where it leads out."""
    link = member.link.replace('\\', '/')
    parts = path.split('/')[:-1] if member.kind == 'symlink' else []
    outside = link.startswith('/') or _DRIVE.match(link) or '\0' in link or not link
    for part in () if outside else link.split('/'):
        if part == '..':
            if not parts:
                outside = True
                break
            parts.pop()
        elif part not in ('', '.'):
            parts.append(part)
    if outside:
        raise _refusal(archive, member.name, f'it is a {member.kind} that leads out of the archive, to {member.link!r}')
    return '/'.join(parts)


@dataclass
class MemberCheck:
    """Checks the members of one archive, one after the other.

    Args:
        archive: The archive, for messages.
        archive_bytes: Its size.
        limits: See :class:`Limits`.
        spent: Of the archives around it, if it lies in one; counts towards the limits.
        total: Bytes of the members checked so far.
    """

    archive: str
    archive_bytes: int
    limits: Limits = field(default_factory=Limits)
    spent: Spent | None = None
    total: int = 0

    def run(self, members: Iterable[Member]) -> None:
        """Check all members.

        Raises:
            ValueError: A name or link that leads out, a member behind a link, two members of one name, a device or pipe, or
                more data than the limits allow. Archive and member are named.
        """
        links, files, folders, hard = {}, set(), set(), []
        for number, member in enumerate(members, 1):
            path = clean_name(self.archive, member.name)
            self._check_size(number, member)
            if member.kind == 'special':
                raise _refusal(self.archive, member.name, 'it is a device or pipe, which no data set holds')
            if member.kind in ('symlink', 'hardlink'):
                goal = _link_goal(self.archive, member, path)
                if member.kind == 'hardlink':
                    hard.append((member.name, goal))
            if member.kind == 'folder':
                folders.add(path)
                continue
            if path in files or path in links:
                raise _refusal(self.archive, member.name, 'two members have this name, and they may differ')
            if member.kind == 'symlink':
                links[path] = member.name
            else:
                files.add(path)
        for name, goal in hard:
            if goal not in files:
                raise _refusal(self.archive, name, f'it is a hardlink to {goal!r}, which is no file of the archive')
        self._refuse_clashes(links, files, folders)

    def _refuse_clashes(self, links: dict[str, str], files: set[str], folders: set[str]) -> None:
        behind = {path.rpartition('/')[0] for path in itertools.chain(files, links, folders)}
        above = set()
        for path in behind:
            while path and path not in above:
                above.add(path)
                path = path.rpartition('/')[0]
        for path in links.keys() & above:
            inside = next(p for p in (*files, *links, *folders) if p.startswith(f'{path}/'))
            raise _refusal(self.archive, inside, f'it would be written through the link {path!r}')
        for path in (files | links.keys()) & (folders | above):
            raise _refusal(self.archive, path, 'a folder has this name too')

    def _check_size(self, number: int, member: Member) -> None:
        if member.size < 0:
            raise _refusal(self.archive, member.name, 'it has a negative size')
        self.total += member.size
        before = self.spent or Spent(self.archive_bytes)
        around = ', together with the archive around it,' if self.spent else ''
        if number + before.num_files > self.limits.max_members:
            raise ValueError(
                f'archive {self.archive!r} is refused: more than {self.limits.max_members} members{around.rstrip(",")}'
            )
        if self.total + before.num_bytes > self.limits.max_bytes:
            raise ValueError(
                f'archive {self.archive!r} is refused, nothing of it was unpacked: it holds{around} more than '
                f'{self.limits.max_bytes / 1e9:g} GB; raise --max-unpacked-gb if you trust it'
            )
        for size, total, what in (
            (self.archive_bytes, self.total, ''),
            (before.archive_bytes, self.total + before.num_bytes, around),
        ):
            if total > max(_SMALL, self.limits.max_ratio * size):
                raise ValueError(
                    f'archive {self.archive!r} is refused, nothing of it was unpacked: {size} bytes{what} unpack to more than '
                    f'{self.limits.max_ratio:g} times as much, which media never do (a zip bomb). Unpack it yourself and pass '
                    'the folder if you trust it'
                )
