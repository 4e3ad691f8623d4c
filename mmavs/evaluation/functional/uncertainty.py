"""Does an uncertainty tell where a prediction is wrong? Ranking (AUROC) and calibration (ECE), in parts that add up."""

import torch
from torch import Tensor

MANTISSA_BITS = 6
SMALLEST_EXPONENT = -40
_SHIFT = 23 - MANTISSA_BITS
_OFFSET = (127 + SMALLEST_EXPONENT) << MANTISSA_BITS
NUM_SCORE_BINS = (-SMALLEST_EXPONENT << MANTISSA_BITS) + 2
NUM_CONFIDENCE_BINS = 15


def score_bins(scores: Tensor) -> Tensor:
    """Sort scores into bins of equal relative width.

    The leading bits of a float (exponent and 6 bits of the mantissa) are the bin. Scores that differ by more than 1/64 of
    their value lie in different bins, also close to 0, where nearly all pixels of a good model are; everything below
    ``2**-40`` is one bin.

    Args:
        scores: Any shape, in [0, 1].

    Returns:
        int64 in ``0..NUM_SCORE_BINS - 1``, ascending with the score.

    Raises:
        ValueError: A score outside [0, 1], or NaN.
    """
    scores = scores.detach().float().contiguous()
    if scores.numel():
        low, high = scores.aminmax()
        if not (low >= 0 and high <= 1):
            raise ValueError(f'scores must lie in [0, 1] and not be NaN, got {float(low)} to {float(high)}')
    return ((scores.view(torch.int32) >> _SHIFT) - _OFFSET).clamp(min=0).long()


def bin_values() -> Tensor:
    """Return the smallest score of each bin, ``(NUM_SCORE_BINS,)`` float32; 0 for the first bin."""
    index = torch.arange(NUM_SCORE_BINS, dtype=torch.int32)
    values = ((index + _OFFSET) << _SHIFT).view(torch.float32).clone()
    values[0] = 0
    return values


def score_histograms(scores: Tensor, positive: Tensor) -> Tensor:
    """Count scores by bin, negatives and positives apart.

    Args:
        scores: ``(n,)`` in [0, 1].
        positive: ``(n,)`` bool.

    Returns:
        ``(2, NUM_SCORE_BINS)`` int64; histograms of parts of a set add up to that of the set.
    """
    slot = score_bins(scores) + NUM_SCORE_BINS * positive.long()
    return torch.bincount(slot, minlength=2 * NUM_SCORE_BINS).view(2, NUM_SCORE_BINS)


def auroc_of_histograms(histograms: Tensor) -> float:
    """Area under the ROC curve of binned scores: the probability that a positive scores higher than a negative.

    Ties count one half. It is exact for the binned scores; for the scores themselves it is off by at most half the share of
    (positive, negative) pairs that share a bin.

    Args:
        histograms: ``(2, n)`` counts of negatives and positives in ascending bins.

    Returns:
        The area, NaN if one of the two is missing.
    """
    negative, positive = histograms.double()
    pairs = negative.sum() * positive.sum()
    below = negative.cumsum(0) - negative
    return float((positive * (below + 0.5 * negative)).sum() / pairs)


def auroc(scores: Tensor, positive: Tensor) -> float:
    """Exact area under the ROC curve; ties count one half.

    Args:
        scores: ``(n,)``.
        positive: ``(n,)`` bool.

    Returns:
        The area, NaN without a positive or without a negative.
    """
    place = scores.double().unique(return_inverse=True)[1]
    slots = int(place.max()) + 1 if len(place) else 0
    slot = place + slots * positive.long()
    return auroc_of_histograms(torch.bincount(slot, minlength=2 * slots).view(2, slots))


def calibration_sums(confidence: Tensor, right: Tensor) -> Tensor:
    """Sum up what the expected calibration error needs; sums of parts of a set add up to those of the set.

    Args:
        confidence: Probability of the predicted class, ``(n,)`` in [0, 1].
        right: Whether it is the true one, ``(n,)`` bool.

    Returns:
        ``(3, NUM_CONFIDENCE_BINS)`` float64: number, summed confidence and number of right ones in bins of equal width.
    """
    confidence = confidence.double()
    index = (confidence * NUM_CONFIDENCE_BINS).long().clamp(max=NUM_CONFIDENCE_BINS - 1)
    weights = (torch.ones_like(confidence), confidence, right.double())
    return torch.stack([torch.bincount(index, weight, minlength=NUM_CONFIDENCE_BINS) for weight in weights])


def expected_calibration_error(sums: Tensor) -> float:
    """Mean distance between confidence and accuracy of the bins, weighted with their numbers.

    Args:
        sums: From :func:`calibration_sums`.

    Returns:
        The error in [0, 1], NaN for nothing.
    """
    number, confidence, right = sums
    return float((confidence - right).abs().sum() / number.sum())
