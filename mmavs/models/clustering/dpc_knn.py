"""Density-peak clustering with k nearest neighbours."""

import torch
from torch import Tensor

from mmavs.registry import MODELS

from .base_clustering import BaseClustering
from .functional import BLOCK_SIZE, assign_to_peaks, peak_scores


@MODELS.register_module()
class DPCKNN(BaseClustering):
    """Groups around density peaks, as TCFormer computes them but without its noise.

    A token's score is its density times its distance to the nearest denser token; the ``P`` best are the centres, every
    token joins the nearest one, and the group number is the rank of its centre. The published code adds noise of 1e-6 to the
    density to break ties, which makes evaluation random; here equal densities are no parents of each other.

    Density is ``exp`` of minus a squared distance per channel: tokens are expected at unit scale (layer-normalised). Far above,
    all densities underflow and the centres lose their meaning.

    Args:
        k: Neighbours of the density, the token itself included.
        block_size: Distances held at once; memory grows with it, and with ``16 B N`` at least.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: ``k`` or ``block_size`` below 1.

    Source:
        Zeng et al., "Not all tokens are equal: human-centric visual analysis via token clustering transformer", CVPR 2022;
        https://github.com/zengwang430521/TCFormer.
    """

    def __init__(self, k: int = 5, block_size: int = BLOCK_SIZE, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if k < 1 or block_size < 1:
            raise ValueError(f'{type(self).__name__}: k and block_size must be at least 1, got {k} and {block_size}')
        self.k = k
        self.block_size = block_size

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return labels ``(B, N)``; ``size`` is not used."""
        score = peak_scores(tokens, self.k, mask, self.block_size)[-1]
        best, peaks = score.topk(min(num_groups, tokens.shape[1]), dim=-1)
        valid = self.choose_peaks(best, score)
        if mask is not None:
            valid = valid & (best >= 0)
        return assign_to_peaks(tokens, peaks, valid, self.block_size)

    def choose_peaks(self, best: Tensor, score: Tensor) -> Tensor:
        """Tell which of the best tokens become centres; here all.

        Args:
            best: Scores of the candidates ``(B, P)``, descending.
            score: Scores of all tokens ``(B, N)``, -1 where a token takes no part.

        Returns:
            ``(B, P)`` bool.
        """
        return torch.ones_like(best, dtype=torch.bool)
