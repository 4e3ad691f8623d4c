"""Formulas of the uncertainty losses: plain functions on tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .functional import IGNORE


def at_size_of(maps: Tensor, masks: Tensor) -> Tensor:
    """Resize ``maps`` ``(B, T, C, h, w)`` bilinearly to the size of ``masks`` ``(B, T, H, W)``, in float32."""
    if maps.shape[-2:] == masks.shape[-2:]:
        return maps.float()
    resized = F.interpolate(maps.flatten(0, 1).float(), masks.shape[-2:], mode='bilinear', align_corners=False)
    return resized.unflatten(0, maps.shape[:2])


def labels_at_size_of(masks: Tensor, maps: Tensor) -> Tensor:
    """Resize labels ``(B, T, H, W)`` to the nearest pixel of ``maps`` ``(B, T, C, h, w)``."""
    if maps.shape[-2:] == masks.shape[-2:]:
        return masks
    return F.interpolate(masks.float(), maps.shape[-2:], mode='nearest-exact').long()


def one_hot(masks: Tensor, num_classes: int) -> Tensor:
    """Spread labels ``(B, T, H, W)`` over a class axis: ``(B, T, K, H, W)`` bool; pixels labelled 255 have no class."""
    classes = torch.arange(num_classes, device=masks.device).view(1, 1, -1, 1, 1)
    return masks.unsqueeze(2) == classes


def expected_cross_entropy(alpha: Tensor, masks: Tensor) -> Tensor:
    """Expected cross-entropy of a categorical distribution drawn from ``Dir(alpha)``: ``psi(sum alpha) - psi(alpha_y)``.

    Args:
        alpha: ``(B, T, K, H, W)``, positive.
        masks: ``(B, T, H, W)``, class index or 255.

    Returns:
        ``(B, T, H, W)``; the value at a pixel labelled 255 means nothing.
    """
    label = masks.where(masks != IGNORE, 0).unsqueeze(2)
    return torch.digamma(alpha.sum(2)) - torch.digamma(alpha.gather(2, label).squeeze(2))


def dirichlet_kl_to_uniform(alpha: Tensor, dim: int) -> Tensor:
    """``KL(Dir(alpha) || Dir(1))`` over the axis ``dim``, which the result lacks."""
    total = alpha.sum(dim, keepdim=True)
    classes = torch.full_like(total, alpha.shape[dim])
    expected = torch.digamma(alpha) - torch.digamma(total)
    inner = ((alpha - 1) * expected - torch.lgamma(alpha)).sum(dim, keepdim=True)
    return (torch.lgamma(total) - torch.lgamma(classes) + inner).squeeze(dim)


def expected_likelihood_nll(mean: Tensor, log_var: Tensor, positive: Tensor, nodes: Tensor, weights: Tensor) -> Tensor:
    """``-log E[p(y | z)]`` of a binary label under a Gaussian logit ``z``, by Gauss-Hermite quadrature.

    Args:
        mean: ``m``, any shape.
        log_var: ``log sigma^2``, the shape of ``mean``.
        positive: Bool, whether the label is 1, the shape of ``mean``.
        nodes: Nodes for the standard normal density, ``(n,)``.
        weights: Their weights, which sum to 1, ``(n,)``.
    """
    shape = (-1, *[1] * mean.dim())
    logits = mean + (0.5 * log_var).exp() * nodes.view(shape)
    logits = torch.where(positive, logits, -logits)
    return -torch.logsumexp(F.logsigmoid(logits) + weights.log().view(shape), dim=0)
