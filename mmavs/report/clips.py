"""The clips shown side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .results import LazyTestSet, ModelTester, SetResult
from .runs import TrainedRun
from .selection import choose_clips
from .strips import Strip, draw_strips, predict
from .tables import CLIP_SCORES, clip_score


@dataclass
class ClipCard:
    """One clip.

    Attributes:
        clip_id: Its name.
        group: Test set, with the subset where the set has several.
        reason: Why it was chosen.
        scores: J of every model; NaN where it has none.
        strips: Its pictures.
    """

    clip_id: str
    group: str
    reason: str
    scores: list[float]
    strips: list[Strip]


def draw_cards(
    runs: Sequence[TrainedRun],
    test_set: str,
    results: Sequence[SetResult],
    reader: LazyTestSet,
    tester: ModelTester,
    reference: int,
    number: int,
    seed: int,
    first: int = 0,
) -> list[ClipCard]:
    """Choose clips of a test set and draw what every model makes of them.

    Args:
        runs: The models.
        test_set: Name of the set.
        results: Results of the models, clips in one order.
        reader: The set as the first model reads it.
        tester: Holds the models.
        reference: Index of the model the others are compared with.
        number: Clips to choose.
        seed: Of the random part of the choice.
        first: Which of the models beside the reference has the first turn.

    Raises:
        ValueError: A chosen clip has no masks or no frames.
    """
    ids = results[0].scores.clip_ids.tolist()
    key = CLIP_SCORES[clip_score(results)][0]
    scores = [result.scores.values[key] for result in results]
    subsets = reader.subsets(ids)
    several = len(set(subsets)) > 1
    readers = [reader, *(LazyTestSet(run, test_set) for run in runs[1:])]
    cards = []
    for pick in choose_clips(scores, [run.name for run in runs], reference, number, seed, first):
        clip_id = ids[pick.index]
        items = [own.clip(clip_id) for own in readers]
        if 'frames' not in items[0]['inputs'] or 'gt_masks' not in items[0]['data_samples']:
            raise ValueError(f'clip {clip_id!r} of {runs[0].label} has no frames or no masks; pictures need both')
        found = [predict(tester.model(run), item) for run, item in zip(runs, items, strict=True)]
        sample = found[0][1]
        strips = draw_strips(
            items[0]['inputs']['frames'].permute(0, 2, 3, 1).numpy(),
            sample.gt_masks.numpy(),
            [prediction for prediction, _ in found],
            semantic=len(sample.get('classes', ())) > 2,
        )
        cards.append(
            ClipCard(
                clip_id=clip_id,
                group=f'{test_set} / {subsets[pick.index]}' if several else test_set,
                reason=pick.reason,
                scores=[float(np.asarray(own)[pick.index]) for own in scores],
                strips=strips,
            )
        )
    return cards
