"""How much uncertainty a distribution over classes holds, as numbers in [0, 1]."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Measure = Callable[[Tensor], Tensor]


def class_probabilities(logits: Tensor) -> Tensor:
    """Turn logits into a distribution over at least two classes, in float32.

    Args:
        logits: ``(..., K, h, w)``; one logit is the log-odds of the foreground.

    Returns:
        ``(..., max(K, 2), h, w)``; background first.
    """
    logits = logits.float()
    if logits.shape[-3] == 1:
        return torch.cat(((-logits).sigmoid(), logits.sigmoid()), dim=-3)
    return logits.softmax(-3)


def entropy(probabilities: Tensor) -> Tensor:
    """Entropy over its maximum ``log K``.

    Args:
        probabilities: ``(..., K, h, w)`` with ``K >= 2``.

    Returns:
        ``(..., h, w)`` in [0, 1].
    """
    total = torch.special.entr(probabilities).sum(-3)
    return (total / math.log(probabilities.shape[-3])).clamp(0, 1)


def error_probability(probabilities: Tensor) -> Tensor:
    """Probability that the most likely class is wrong, over its maximum ``1 - 1 / K``; ``1 - |2 p - 1|`` for two classes.

    Args:
        probabilities: ``(..., K, h, w)`` with ``K >= 2``.

    Returns:
        ``(..., h, w)`` in [0, 1].
    """
    classes = probabilities.shape[-3]
    return ((1 - probabilities.amax(-3)) * (classes / (classes - 1))).clamp(0, 1)


MEASURES: dict[str, Measure] = dict(entropy=entropy, error=error_probability)


def measure_by_name(name: str, owner: str, *others: str) -> Measure:
    """Return the measure called ``name``.

    Args:
        name: Key of ``MEASURES``.
        owner: Class that asks, for the error.
        *others: Names that the class knows besides, for the error.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in MEASURES:
        raise ValueError(f'{owner}: measure must be one of {sorted((*MEASURES, *others))}, got {name!r}')
    return MEASURES[name]
