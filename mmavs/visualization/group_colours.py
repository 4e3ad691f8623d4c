"""Stable colours for groups whose numbers mean nothing from one frame to the next."""

import numpy as np
from matplotlib import colormaps
from scipy.optimize import linear_sum_assignment

# The ten strong colours of the map first, their pale companions after them: few groups never get two shades of one hue.
PALETTE = (np.array(colormaps['tab20'].colors)[[*range(0, 20, 2), *range(1, 20, 2)]] * 255).round().astype(np.uint8)


def match_groups(groups: np.ndarray) -> np.ndarray:
    """Renumber groups so that what stays at its place keeps its number, frame after frame.

    In the first frame the largest group becomes 0, the second largest 1, and so on. In each later frame the groups take over
    the numbers of the frame before such that as many pixels as possible keep theirs; groups in excess get new numbers.

    Args:
        groups: ``(T, H, W)`` integer labels, unrelated between frames.

    Returns:
        ``(T, H, W)`` int64 labels from 0; two pixels of a frame share a label exactly if they did before.
    """
    out = np.empty(groups.shape, np.int64)
    known = 0
    for t, labels in enumerate(groups):
        _, local = np.unique(labels, return_inverse=True)
        local = local.reshape(-1)
        count = int(local.max()) + 1
        order = np.argsort(-np.bincount(local, minlength=count), kind='stable')
        numbers = np.full(count, -1)
        if t:
            overlap = np.bincount(local * known + out[t - 1].reshape(-1), minlength=count * known).reshape(count, known)
            rows, columns = linear_sum_assignment(overlap, maximize=True)
            numbers[rows] = columns
        fresh = order[numbers[order] < 0]
        numbers[fresh] = known + np.arange(len(fresh))
        known += len(fresh)
        out[t] = numbers[local].reshape(labels.shape)
    return out


def group_colours(numbers: np.ndarray) -> np.ndarray:
    """Look up the colours of matched groups.

    Args:
        numbers: Integers of any shape from :func:`match_groups`; more than 20 groups use the colours again.

    Returns:
        ``(*shape, 3)`` uint8 RGB.
    """
    return PALETTE[numbers % len(PALETTE)]
