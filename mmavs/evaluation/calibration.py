"""Fitting the combination of mask and uncertainty on the validation split."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .functional.binary import IGNORE, iou_of_masks
from .functional.scores import foreground_scores
from .functional.uncertainty import NUM_SCORE_BINS, bin_values, score_bins
from .metrics.samples import binary_masks, labelled_frames, mean
from .metrics.transition_metric import sounding_changes

Objective = Literal['false_positives', 'J']
LEVELS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
COLUMNS = ('J_frame', 'J_nonempty', 'FPR', 'FPR_change', 'cross_entropy')


@dataclass
class ClipMaps:
    """Mask, uncertainty and truth of the labelled frames of one clip.

    Attributes:
        mask_logits: Uncombined logits ``(n, K, h, w)`` at the network's size.
        uncertainty: ``(n, h, w)``.
        masks: ``(n, H, W)`` long, 255 ignored.
        changed: ``(n,)`` bool, the set of sounding objects has changed at the frame.
    """

    mask_logits: Tensor
    uncertainty: Tensor
    masks: Tensor
    changed: Tensor


@dataclass
class Tally:
    """Sums behind the figures of one candidate."""

    iou: list[Tensor] = field(default_factory=list)
    has_object: list[Tensor] = field(default_factory=list)
    sums: Tensor = field(default_factory=lambda: torch.zeros(6, dtype=torch.float64))

    def add(self, logits: Tensor, clip: ClipMaps) -> None:
        """Add the frames of a clip, scored with ``logits`` ``(n, K, H, W)``."""
        target = binary_masks(clip.masks)
        decided = foreground_scores(logits)[1]
        counted, negative = clip.masks != IGNORE, target == 0
        false = (decided & negative).sum((-2, -1)).double()
        negatives = negative.sum((-2, -1)).double()
        loss = _cross_entropy(logits, clip.masks)
        changed = clip.changed.to(false.device)
        parts = (false, negatives, false * changed, negatives * changed, loss, counted.double())
        self.iou.append(iou_of_masks(decided, target).cpu())
        self.has_object.append((target == 1).flatten(1).any(1).cpu())
        self.sums += torch.stack([part.sum().cpu().double() for part in parts])

    def figures(self) -> dict[str, float]:
        """Return J over frames and over frames with an object, pixel false-positive rates, mean cross-entropy."""
        iou, has_object = torch.cat(self.iou), torch.cat(self.has_object)
        false, negatives, false_change, negatives_change, loss, counted = self.sums
        return dict(
            J_frame=mean(iou),
            J_nonempty=mean(iou[has_object]),
            FPR=float(false / negatives),
            FPR_change=float(false_change / negatives_change),
            cross_entropy=float(loss / counted),
        )


def calibrate(model: nn.Module, batches: Iterable[Any], objective: Objective = 'false_positives') -> dict[str, Any]:
    """Fit the combination of the model's decode head, in place.

    The data are read twice: once for the distribution of the uncertainty, from which the candidates follow, once to score
    all candidates. Only candidates that lose no J against the plain mask at the default threshold are admitted, over all
    frames and over the frames with an object; the neutral one is among them. (A combination without anything to fit has one
    candidate, which is reported as it is.) Of these the one with the lowest
    pixel false-positive rate is taken (or the highest J), ties by cross-entropy. A combination that never changes a decision is
    fitted by cross-entropy alone. J is that of the foreground, also with several classes.

    Args:
        model: A segmentor in eval mode whose decode head has a combination.
        batches: A data loader, or any iterable that can be read twice and gives the same.
        objective: ``'false_positives'`` or ``'J'``.

    Returns:
        ``values`` of the fitted buffers, figures ``plain`` (the mask alone) and ``combined``, and the number of
        ``candidates``.

    Raises:
        ValueError: No combination, an unknown objective, or no labelled frame.
    """
    if objective not in get_args(Objective):
        raise ValueError(f'objective must be one of {get_args(Objective)}, got {objective!r}')
    combination = getattr(model.decode_head, 'combination', None)
    if combination is None:
        raise ValueError(
            f'{type(model.decode_head).__name__} has no combination to calibrate; use an UncertaintyDecodeHead with '
            "uncertainty=dict(type='EntropyBranch') or another branch"
        )
    candidates = combination.candidates(uncertainty_levels(clip.uncertainty for clip in clip_maps(model, batches)))
    plain, tallies = Tally(), [Tally() for _ in candidates]
    for clip in clip_maps(model, batches):
        size = tuple(clip.masks.shape[-2:])
        plain.add(_at_size(clip.mask_logits, size), clip)
        for values, tally in zip(candidates, tallies, strict=True):
            combination.set_fitted(**values)
            tally.add(_at_size(combination(clip.mask_logits, clip.uncertainty), size), clip)
    base, figures = plain.figures(), [tally.figures() for tally in tallies]
    best = choose(base, figures, 'cross_entropy' if combination.keeps_decisions else objective)
    combination.set_fitted(**candidates[best])
    return dict(values=candidates[best], plain=base, combined=figures[best], candidates=len(candidates))


def choose(plain: dict[str, float], figures: list[dict[str, float]], objective: str) -> int:
    """Return the index of the best candidate that loses no J; the first, neutral one is always admitted.

    Args:
        plain: Figures of the mask alone.
        figures: Figures of each candidate.
        objective: ``'false_positives'``, ``'J'`` or ``'cross_entropy'``.
    """
    admitted = [
        index
        for index, candidate in enumerate(figures)
        if index == 0 or not any(candidate[key] < plain[key] for key in ('J_frame', 'J_nonempty'))
    ]
    keys = dict(
        false_positives=lambda f: (f['FPR'], f['cross_entropy']),
        J=lambda f: (-f['J_frame'], f['cross_entropy']),
        cross_entropy=lambda f: (f['cross_entropy'],),
    )
    return min(admitted, key=lambda index: keys[objective](figures[index]))


def clip_maps(model: nn.Module, batches: Iterable[Any]) -> Iterator[ClipMaps]:
    """Run the model and yield the clips that have labelled frames.

    Raises:
        ValueError: The decode head gives no uncertainty.
    """
    with torch.no_grad():
        for batch in batches:
            data = model.data_preprocessor(batch, False)
            output = model.segment(data['inputs'])
            if output.uncertainty is None:
                raise ValueError(
                    f'{type(model.decode_head).__name__} gives no uncertainty; there is nothing to calibrate'
                )
            mask_logits = output.features.aux['mask_logits']
            for i, sample in enumerate(data['data_samples']):
                length, size = len(sample.frame_valid), tuple(sample.gt_masks.shape[-2:])
                logits = mask_logits[i, :length].float()
                fields = dict(sample.to_dict(), pred_logits=_at_size(logits, size))
                frames = labelled_frames(fields)
                if not frames.counted.any():
                    continue
                changed, decided = sounding_changes(fields)
                yield ClipMaps(
                    logits[frames.counted],
                    output.uncertainty[i, :length].float()[frames.counted],
                    frames.masks,
                    (changed & decided)[frames.counted.cpu()],
                )


def uncertainty_levels(maps: Iterable[Tensor]) -> list[float]:
    """Return ascending quantiles of the uncertainty, to within the width of a bin (1/64 of the value).

    Raises:
        ValueError: There is no map.
    """
    counts = torch.zeros(NUM_SCORE_BINS, dtype=torch.long)
    for uncertainty in maps:
        counts += torch.bincount(score_bins(uncertainty).flatten(), minlength=NUM_SCORE_BINS).cpu()
    if not counts.sum():
        raise ValueError('the data of the calibration have no labelled frame')
    share = counts.cumsum(0).double() / counts.sum()
    index = torch.searchsorted(share, torch.tensor(LEVELS, dtype=torch.float64)).clamp(max=NUM_SCORE_BINS - 1)
    return bin_values()[index].tolist()


def _at_size(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize ``logits`` ``(n, K, h, w)`` as ``predict`` does."""
    if tuple(logits.shape[-2:]) == size:
        return logits
    return F.interpolate(logits, size, mode='bilinear', align_corners=False)


def _cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy summed over the counted pixels, a scalar in float64."""
    if logits.shape[1] > 1:
        return F.cross_entropy(logits, masks, ignore_index=IGNORE, reduction='sum').double()
    target = binary_masks(masks)
    loss = F.binary_cross_entropy_with_logits(logits[:, 0], (target == 1).float(), reduction='none')
    return (loss * (target != IGNORE)).sum().double()
