"""From mask logits to foreground scores and decisions, as the published code bases make them."""

from typing import Literal, get_args

import torch
from torch import Tensor

ScoreRule = Literal['sigmoid', 'foreground', 'softmax', 'argmax_softmax', 'argmax_margin']


def check_no_nan(values: Tensor, name: str) -> None:
    """Refuse NaN.

    Raises:
        ValueError: ``values`` holds NaN.
    """
    # A sum is many times cheaper than a comparison of every element, and NaN never leaves a sum.
    if torch.isnan(values.sum()) and torch.isnan(values).any():
        raise ValueError(f'{name} {tuple(values.shape)} holds NaN; a metric of it would mean nothing')


def class_labels(logits: Tensor) -> Tensor:
    """Class of the highest logit, the first one among equals.

    A running maximum over the classes: ``argmax`` over a dimension that is not the last reads memory in an order that takes
    several times as long on a CPU.

    Args:
        logits: ``(N, K, H, W)``.

    Returns:
        ``(N, H, W)`` long.
    """
    best = logits[:, 0].clone()
    labels = torch.zeros_like(best, dtype=torch.int16)
    for index in range(1, logits.shape[1]):
        candidate = logits[:, index]
        labels.masked_fill_(candidate > best, index)
        torch.maximum(best, candidate, out=best)
    return labels.long()


def check_score_rule(rule: str | None) -> None:
    """Refuse an unknown rule.

    Raises:
        ValueError: ``rule`` is neither ``None`` nor one of ``ScoreRule``.
    """
    if rule is not None and rule not in get_args(ScoreRule):
        raise ValueError(f'score must be None or one of {get_args(ScoreRule)}, got {rule!r}')


def foreground_scores(logits: Tensor, rule: ScoreRule | None = None) -> tuple[Tensor, Tensor]:
    """Turn mask logits into the score that enters F and the decision that enters J.

    ============================  ==  ========================  ==================  ===============================
    rule                          K   score                     decision            used by
    ============================  ==  ========================  ==================  ===============================
    ``'sigmoid'``                 1   ``sigmoid(s)``            score > 0.5         TPAVI, AVSegFormer, CATR
    ``'softmax'``                 2   softmax of class 1        score > 0.5         COMBO (scores are class x mask)
    ``'argmax_softmax'``          2   softmax of class 1        argmax              CAVP
    ``'argmax_margin'``           2   ``sigmoid(2 s1 - s0)``    argmax              Stepping Stones
    ``'foreground'``              >1  1 - softmax of class 0    argmax is not 0     semantic logits, read as binary
    ============================  ==  ========================  ==================  ===============================

    Args:
        logits: ``(N, K, H, W)``.
        rule: A row of the table; ``None`` means ``'sigmoid'`` for one logit and ``'foreground'`` for several.

    Returns:
        Scores ``(N, H, W)`` float32 in [0, 1] and decisions ``(N, H, W)`` bool.

    Raises:
        ValueError: Unknown rule, or a number of classes that does not fit it.
    """
    check_score_rule(rule)
    classes = logits.shape[1]
    rule = rule or ('sigmoid' if classes == 1 else 'foreground')
    fits = {'sigmoid': classes == 1, 'foreground': classes > 1}.get(rule, classes == 2)
    if not fits:
        raise ValueError(f'score={rule!r} does not fit logits {tuple(logits.shape)} (N, K, H, W) with K = {classes}')
    logits = logits.float()
    if rule == 'sigmoid':
        scores = logits[:, 0].sigmoid()
        return scores, scores > 0.5
    if rule == 'foreground':
        return 1 - logits.softmax(1)[:, 0], class_labels(logits) != 0
    if rule == 'argmax_margin':
        return (2 * logits[:, 1] - logits[:, 0]).sigmoid(), logits[:, 1] > logits[:, 0]
    scores = logits.softmax(1)[:, 1]
    return scores, scores > 0.5 if rule == 'softmax' else logits[:, 1] > logits[:, 0]
