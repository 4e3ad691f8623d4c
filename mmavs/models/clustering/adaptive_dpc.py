"""Density-peak clustering that chooses the number of groups."""

import torch
from torch import Tensor

from mmavs.registry import MODELS

from .dpc_knn import DPCKNN
from .functional import BLOCK_SIZE


@MODELS.register_module()
class AdaptiveDPC(DPCKNN):
    """``DPCKNN`` with as many groups per sample as its decision graph shows, ``num_groups`` at most.

    In the decision graph (density against parent distance) centres stand out from the bulk of the tokens. Here a token is a
    centre if its score is at least ``threshold`` times the median score of the sample; the best one always is. Unlike mean and
    deviation, the median does not move with the number of centres; and unlike the largest gap between sorted scores, the rule
    does not depend on the gap behind the densest token, whose parent distance is the largest of the sample by definition.

    The labels of a sample with ``n`` centres are those of ``DPCKNN`` with ``num_groups=n``.

    Args:
        k: Neighbours of the density, the token itself included.
        threshold: In multiples of the median score; higher gives fewer groups.
        block_size: Distances held at once.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: ``threshold`` not positive.
    """

    def __init__(
        self, k: int = 5, threshold: float = 1.5, block_size: int = BLOCK_SIZE, init_cfg: dict | None = None
    ) -> None:
        super().__init__(k, block_size, init_cfg)
        if threshold <= 0:
            raise ValueError(f'AdaptiveDPC: threshold must be positive, got {threshold}')
        self.threshold = threshold

    def choose_peaks(self, best: Tensor, score: Tensor) -> Tensor:
        """Return true for the best token and all that reach the threshold."""
        middle = ((score >= 0).sum(-1, keepdim=True) - 1).clamp_min(0) // 2
        median = score.sort(-1, descending=True).values.gather(1, middle)
        first = torch.arange(best.shape[1], device=best.device) == 0
        return (best >= self.threshold * median) | first
