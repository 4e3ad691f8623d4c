"""Where in a download a file is: archives are unpacked, folders walked, and files found by the end of their path."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from .archive_safety import Limits, Spent
from .archives import FOREIGN_SUFFIXES, is_archive, unpack
from .files import OutputFolder, same_content, walk_files

_MAX_NESTING = 3


class SourceIndex:
    """Files of a download by the last components of their path, whatever the folders above are called.

    Args:
        lengths: How many last components are looked up.
        names: File names that are looked up alone, such as ``metadata.csv``.
        suffixes: Ends of file names that are looked up alone, such as ``.wav``.
    """

    def __init__(self, lengths: Sequence[int], names: Iterable[str] = (), suffixes: Iterable[str] = ()) -> None:
        self.lengths = tuple(lengths)
        self.names = frozenset(names)
        self.suffixes = tuple(suffixes)
        self.num_files = 0
        self.unread: list[str] = []  # what was left out and why, a sentence each
        self._by_tail: dict[str, str] = {}
        self._doubles: dict[str, list[str]] = defaultdict(list)  # a list for each of 10^6 tails would be large

    def add(
        self,
        source: str | os.PathLike,
        out: OutputFolder,
        limits: Limits | None = None,
        depth: int = 0,
        spent: Spent | None = None,
    ) -> None:
        """Add an archive or a folder; archives in folders and in archives are unpacked too.

        Args:
            source: Archive or folder, or a single file that is looked up by its name, such as a csv.
            out: Where archives are unpacked.
            limits: See :func:`~mmavs.preparation.archives.unpack`; they hold for an archive with all that is in it.
            depth: How many archives ``source`` is in.
            spent: What these archives have unpacked to; what ``source`` unpacks to is added.

        Raises:
            FileNotFoundError: There is no such source.
            ValueError: An archive that is refused or damaged, or archives nested deeper than any download is.
        """
        if depth > _MAX_NESTING:
            raise ValueError(f'{os.fspath(source)!r}: archives in archives in archives; unpack it and pass the folder')
        if os.path.isfile(source) and os.path.basename(source) in self.names:
            self._add_file(os.path.abspath(source))
            return
        if not os.path.isdir(source):
            print(f'unpacking {os.fspath(source)}', file=sys.stderr, flush=True)
            archive, source = source, unpack(source, out, limits, spent)
            depth += 1
            spent = spent or Spent(os.path.getsize(archive))
        nested = []
        for path in walk_files(
            source, lambda error: self.unread.append(f'{error.filename!r} was not read: {error.strerror}')
        ):
            if is_archive(path):
                nested.append(path)
            elif path.lower().endswith(FOREIGN_SUFFIXES):
                self.unread.append(f'{path!r} was not read: split or foreign archives must be unpacked by hand')
            else:
                self._add_file(path)
        if spent is not None and (nested or depth > 1):
            # measured, since an earlier run may have unpacked it
            sizes = [os.lstat(path).st_size for path in walk_files(source)]
            spent.num_bytes += sum(sizes)
            spent.num_files += len(sizes)
        for path in nested:
            self.add(path, out, limits, depth, spent)

    def _add_file(self, path: str) -> None:
        self.num_files += 1
        parts = path.rsplit(os.sep, max(self.lengths))
        for length in self.lengths:
            if length < len(parts):
                self._add_tail('/'.join(parts[-length:]), path)
        if parts[-1] in self.names or parts[-1].endswith(self.suffixes):
            self._add_tail(parts[-1], path)

    def _add_tail(self, tail: str, path: str) -> None:
        if self._by_tail.setdefault(tail, path) != path:
            self._doubles[tail].append(path)

    def find(self, tails: Iterable[str]) -> str | None:
        """Find a file.

        Args:
            tails: Ends of its path, the preferred one first.

        Returns:
            The absolute path, or ``None``.

        Raises:
            ValueError: Two files with this end differ: which one is meant cannot be known.
        """
        for tail in tails:
            found = self._by_tail.get(tail)
            if found is not None:
                other = next((path for path in self._doubles.get(tail, ()) if not same_content(found, path)), None)
                if other is not None:
                    raise ValueError(
                        f'the sources hold two different files {tail!r}: {found!r} and {other!r}; pass only the source '
                        'that is right'
                    )
                return found
        return None
