"""Clustering on a smaller map."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.registry import MODELS
from mmavs.utils.build import build_module

from .base_clustering import BaseClustering
from .functional import assign_nearest, merge_tokens


@MODELS.register_module()
class PooledClustering(BaseClustering):
    """Average-pool the map, cluster the fewer tokens, and carry the labels up; small maps are clustered as they are.

    Args:
        clustering: Config or object of the method that clusters.
        max_tokens: The map is pooled by the smallest integer factor that leaves at most this many tokens.
        reassign: Carry the labels up by the nearest mean of a pooled group (``N x P`` distances) instead of copying them. Groups
            then follow the tokens, not blocks of pixels.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: ``max_tokens`` below 1.
    """

    def __init__(
        self,
        clustering: dict | BaseClustering,
        max_tokens: int = 784,
        reassign: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if max_tokens < 1:
            raise ValueError(f'PooledClustering: max_tokens must be at least 1, got {max_tokens}')
        self.clustering = build_module(clustering, MODELS)
        self.max_tokens = max_tokens
        self.reassign = reassign

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return labels ``(B, N)``. A pooled token is the mean of those of its tokens that take part, if any does.

        Raises:
            ValueError: ``size`` is ``None``.
        """
        size = self.required_size(size)
        factor = pooling_factor(size, self.max_tokens)
        if factor == 1:
            return self.clustering(tokens, num_groups, mask, size)
        pooled, share = masked_pool(tokens, mask, size, factor)
        taking_part = None if mask is None else share.flatten(1) > 0
        few = pooled.flatten(2).transpose(1, 2)
        labels = self.clustering(few, num_groups, taking_part, tuple(pooled.shape[-2:]))
        if self.reassign:
            means, part = merge_tokens(few, labels, num_groups, mask=taking_part)
            used = torch.zeros_like(means[..., 0]).scatter_add(1, labels, part) > 0
            return assign_nearest(tokens, means, used)
        labels = labels.view(-1, *pooled.shape[-2:])
        labels = labels.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
        return labels[:, : size[0], : size[1]].flatten(1)


def pooling_factor(size: tuple[int, int], max_tokens: int) -> int:
    """Return the smallest integer factor that leaves at most ``max_tokens`` of ``size``; incomplete blocks count."""
    factor = 1
    while -(-size[0] // factor) * -(-size[1] // factor) > max_tokens:
        factor += 1
    return factor


def masked_pool(tokens: Tensor, mask: Tensor | None, size: tuple[int, int], factor: int) -> tuple[Tensor, Tensor]:
    """Average blocks of ``factor x factor`` tokens.

    Args:
        tokens: ``(B, H * W, C)``, zero where masked.
        mask: ``(B, H * W)`` bool, true where a token takes part.
        size: ``(H, W)``.
        factor: Edge of a block; those at the right and lower edge may be smaller.

    Returns:
        Means ``(B, C, H', W')`` over the tokens that take part, zero where none does, and their share in the block
        ``(B, 1, H', W')``.
    """
    taking_part = torch.ones_like(tokens[..., :1]) if mask is None else mask.unsqueeze(-1).to(tokens)
    stacked = torch.cat((tokens, taking_part), -1).transpose(1, 2).unflatten(2, size)
    pooled = F.avg_pool2d(stacked, factor, ceil_mode=True)
    mean, share = pooled[:, :-1], pooled[:, -1:]
    return mean / share.masked_fill(share == 0, 1), share
