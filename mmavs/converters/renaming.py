"""Converters whose new names are computed from parts of the old ones."""

import re
from collections.abc import Callable

from .base import Converter

Rename = tuple[str, Callable[[re.Match], str]]


class RenamingConverter(Converter):
    """A converter with ``renames`` beside its rules.

    Sub-classes give ``renames``: pairs of a regular expression on the whole source key and a function from the match to the
    new key, tried in order after the rules that drop keys. A key that none of them knows keeps its name.
    """

    renames: tuple[Rename, ...] = ()

    def _rename(self, name: str) -> str | None:
        if super()._rename(name) is None:
            return None
        for pattern, rename in self.renames:
            match = re.fullmatch(pattern, name)
            if match:
                return rename(match)
        return name
