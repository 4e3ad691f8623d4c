"""Which clips get pictures: those in which the models differ most, both ways, and a random sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np


@dataclass(frozen=True)
class Pick:
    """A chosen clip.

    Attributes:
        index: Its place in the test set.
        reason: Why it was chosen.
    """

    index: int
    reason: str


def choose_clips(
    scores: Sequence[np.ndarray], names: Sequence[str], reference: int, number: int, seed: int, first: int = 0
) -> list[Pick]:
    """Choose clips, a third each: with more J than the reference, with less, at random.

    With several models beside the reference, these take turns. With a single model the best and the worst clips stand in.

    Args:
        scores: ``(N,)`` per model; clips with a NaN are not chosen.
        names: Names of the models.
        reference: Index of the model the others are compared with.
        number: Clips to choose; all are taken where the set has fewer.
        seed: Of the random sample.
        first: Which of the other models has the first turn.

    Returns:
        The choice, without repetition: those above, those below, random ones.
    """
    usable = np.flatnonzero(np.isfinite(np.stack(scores)).all(0))
    others = [i for i in range(len(scores)) if i != reference]
    if others:
        start = first % len(others)
        others = others[start:] + others[:start]
        gaps = [scores[i] - scores[reference] for i in others]
        reasons = [[f'{names[i]} furthest {side} {names[reference]}' for i in others] for side in ('above', 'below')]
    else:
        gaps = [scores[reference]]
        reasons = [['best clips'], ['worst clips']]
    above, below = (
        [(_ranked(sign * gap, usable, bool(others)), why) for gap, why in zip(gaps, side, strict=True)]
        for sign, side in zip((1, -1), reasons, strict=True)
    )
    drawn = ((int(i), 'random') for i in np.random.default_rng(seed).permutation(usable))
    number = min(number, len(usable))
    third = number // 3
    taken: dict[int, str] = {}
    for source, quota in ((_turns(above), third), (_turns(below), third), (drawn, number)):
        end = min(len(taken) + quota, number)
        for index, reason in source:
            if len(taken) >= end:
                break
            taken.setdefault(index, reason)
    return [Pick(index, reason) for index, reason in taken.items()]


def _ranked(gap: np.ndarray, usable: np.ndarray, positive: bool) -> np.ndarray:
    """Clips by falling ``gap``; where a model is never above the reference, chance takes the places."""
    clips = usable[np.argsort(-gap[usable], kind='stable')]
    return clips[gap[clips] > 0] if positive else clips


def _turns(rankings: Sequence[tuple[np.ndarray, str]]) -> Iterator[tuple[int, str]]:
    """Yield the first of every ranking, then the second of every one, and so on."""
    for places in zip_longest(*(ranking for ranking, _ in rankings)):
        yield from ((int(index), why) for index, (_, why) in zip(places, rankings, strict=True) if index is not None)
