"""Accuracy of audio taggers."""

from typing import Any

import torch

from mmavs.evaluation.functional.scores import check_no_nan
from mmavs.registry import METRICS

from .base_avs_metric import BaseAVSMetric
from .samples import mean, require_fields


@METRICS.register_module()
class TaggingMetric(BaseAVSMetric):
    """How well the sounding classes of a second are found.

    Keys: ``tag_top1`` (the best-scored class is right, over seconds with one tag), ``tag_pair`` (both of the two best-scored
    classes are right, over seconds with two tags: mixtures are the harder case), ``num_single``,
    ``num_pairs``. A share of no seconds is NaN.
    """

    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Score the seconds of one clip."""
        require_fields(sample, ('tags', 'pred_tags'))
        tags = sample['tags'] > 0.5
        scores = sample['pred_tags']
        if scores.shape != tags.shape:
            raise ValueError(f'pred_tags are {tuple(scores.shape)}, tags are {tuple(tags.shape)}')
        check_no_nan(scores, 'pred_tags')
        found = tags.gather(1, scores.topk(min(2, scores.shape[1]), dim=1).indices)
        number = tags.sum(1)
        return dict(single=found[number == 1, 0].cpu(), pair=found[number == 2].all(1).cpu())

    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Average over seconds."""
        single, pair = (torch.cat([result[key] for result in results]) for key in ('single', 'pair'))
        return dict(
            tag_top1=mean(single), tag_pair=mean(pair), num_single=float(len(single)), num_pairs=float(len(pair))
        )
