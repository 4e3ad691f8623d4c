"""Reading the variant of a model off the names of its tensors."""

import re
from collections.abc import Iterable

PVT_DEPTHS = {
    (2, 2, 2, 2): 'b1', (3, 4, 6, 3): 'b2', (3, 4, 18, 3): 'b3', (3, 8, 27, 3): 'b4', (3, 6, 40, 3): 'b5',
}  # fmt: skip


def count(names: Iterable[str], prefix: str) -> int:
    """Return how many different numbers follow ``prefix`` in ``names``."""
    return len({match[1] for name in names if (match := re.match(rf'{re.escape(prefix)}(\d+)\.', name))})


def pvt_variant(names: Iterable[str], prefix: str) -> str:
    """Return ``'b1'`` to ``'b5'`` for the official PVT-v2 names behind ``prefix``.

    Raises:
        ValueError: The blocks per stage are those of no known variant.
    """
    names = list(names)
    depths = tuple(count(names, f'{prefix}block{stage}.') for stage in (1, 2, 3, 4))
    if depths not in PVT_DEPTHS:
        raise ValueError(f'{prefix}* is neither a ResNet-50 nor a known PVT-v2: blocks per stage {list(depths)}')
    return PVT_DEPTHS[depths]
