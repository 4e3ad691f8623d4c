"""Attention and merging inside groups of tokens: plain functions and the two response scores."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def one_hot_groups(labels: Tensor, num_groups: int, dtype: torch.dtype) -> Tensor:
    """Return the membership ``(M, P, N)`` of labels ``(M, N)``: 1 where a token belongs to a group."""
    groups = torch.arange(num_groups, device=labels.device)
    return (labels.unsqueeze(1) == groups[:, None]).to(dtype)


def group_softmax(scores: Tensor, labels: Tensor, num_groups: int) -> Tensor:
    """Softmax over the tokens of each group.

    Args:
        scores: ``(M, h, N)``.
        labels: Group of each token ``(M, N)``, in ``0 .. P - 1``.
        num_groups: ``P``.

    Returns:
        Weights ``(M, h, N)``, float32, that sum to one over the tokens of each group that has any.
    """
    scores = scores.float()
    index = labels.unsqueeze(1).expand_as(scores)
    peak = scores.new_full((*scores.shape[:2], num_groups), -math.inf)
    peak = peak.scatter_reduce(2, index, scores.detach(), 'amax')
    weights = (scores - peak.gather(2, index)).exp()
    members = one_hot_groups(labels, num_groups, weights.dtype).unsqueeze(1)
    total = (members * weights.unsqueeze(2)).sum(-1)  # no matrix product: autocast would round it
    return weights / total.gather(2, index)


def group_sum(weights: Tensor, values: Tensor, labels: Tensor, num_groups: int) -> Tensor:
    """Weighted sum over the tokens of each group.

    Args:
        weights: ``(M, h, N)``.
        values: ``(M, h, N, d)``.
        labels: ``(M, N)``.
        num_groups: ``P``.

    Returns:
        ``(M, h, P, d)``; zero for a group without tokens.
    """
    members = one_hot_groups(labels, num_groups, weights.dtype).unsqueeze(1)
    return (members * weights.unsqueeze(2)).to(values.dtype) @ values


def group_mean(values: Tensor, labels: Tensor, num_groups: int) -> Tensor:
    """Mean of ``values`` ``(M, N, C)`` over the tokens of each group: ``(M, P, C)``, zero for a group without tokens."""
    members = one_hot_groups(labels, num_groups, values.dtype)
    return members @ values / members.sum(-1, keepdim=True).clamp(min=1)


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Reshape ``(M, N, C)`` to ``(M, h, N, C / h)``."""
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Reshape ``(M, h, N, d)`` to ``(M, N, h d)``."""
    return x.transpose(1, 2).flatten(2)


class DotResponse(nn.Module):
    """``q k / sqrt(d)``, the published score."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Compare ``(M, h, 1, d)`` with ``(M, h, N, d)``: ``(M, h, N)``."""
        return (query @ key.transpose(-2, -1)).squeeze(2) / math.sqrt(query.shape[-1])


class CosineResponse(nn.Module):
    """``scale cos(q, k) + bias``, both learnt.

    Args:
        scale: Start of the factor.
        bias: Start of the offset; negative, so that few tokens respond at first.
    """

    def __init__(self, scale: float = 8.0, bias: float = -2.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(float(scale)))
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Compare ``(M, h, 1, d)`` with ``(M, h, N, d)``: ``(M, h, N)``."""
        cosine = F.cosine_similarity(query.float(), key.float(), dim=-1)
        return self.scale * cosine + self.bias


RESPONSES = {'dot': DotResponse, 'cosine': CosineResponse}
