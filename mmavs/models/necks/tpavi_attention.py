"""The attention of TPAVI without its layers: groups of frames, the linear form and the published quadratic form."""

import torch
from torch import Tensor
from torch.nn import functional as F


def mean_over_frame_groups(x: Tensor, weight: Tensor, size: int | None) -> Tensor:
    """Average ``x`` over groups of neighbouring frames and give every frame the mean of its group.

    Args:
        x: ``(B, T, ...)``.
        weight: ``(B, T)``, how much a frame counts; a group without weight gives zeros.
        size: Frames per group (the last group may be shorter), ``None`` for the whole clip.

    Returns:
        ``(B, T, ...)``.
    """
    num_frames = weight.shape[1]
    size = num_frames if size is None else min(size, num_frames)
    pad = -num_frames % size
    trailing = x.dim() - 2
    x = F.pad(x, [0, 0] * trailing + [0, pad]).unflatten(1, (-1, size))
    weight = F.pad(weight, [0, pad]).unflatten(1, (-1, size))
    weight = (weight / weight.sum(-1, keepdim=True).clamp(min=1)).to(x.dtype)
    mean = (x * weight.view(*weight.shape, *[1] * trailing)).sum(2, keepdim=True)
    return mean.expand_as(x).flatten(1, 2)[:, :num_frames]


def attend_linear(query: Tensor, kernel: Tensor, weight: Tensor, size: int | None) -> Tensor:
    """Attend with the ``C' x C'`` kernel of each frame, averaged over the frames of a group.

    Args:
        query: ``(M, C', H, W)``.
        kernel: ``phi g^T / n`` of each frame, ``(M, C', C')``.
        weight: ``(B, T)``, how much a frame counts in the mean.
        size: Frames per group, ``None`` for the whole clip.

    Returns:
        ``(M, C', H, W)``.
    """
    kernel = mean_over_frame_groups(kernel.unflatten(0, weight.shape), weight, size).flatten(0, 1)
    return (kernel.to(query.dtype).transpose(1, 2) @ query.flatten(2)).view_as(query)


def attend_quadratic(query: Tensor, key: Tensor, value: Tensor, weight: Tensor, size: int | None) -> Tensor:
    """Attend as the published code does: an ``N x N`` matrix per group, ``N`` all positions of its frames.

    Args:
        query: ``(M, C', H, W)``.
        key: ``(M, C', H, W)``.
        value: ``(M, C', H, W)``.
        weight: ``(B, T)``, how much a frame counts in the mean.
        size: Frames per group, ``None`` for the whole clip.

    Returns:
        ``(M, C', H, W)``, equal to ``attend_linear`` up to rounding.
    """
    num_clips, num_frames = weight.shape
    size = num_frames if size is None else min(size, num_frames)
    pad = -num_frames % size

    def group(x: Tensor) -> Tensor:  # (B * groups, C', size * H * W)
        x = F.pad(x.flatten(2).unflatten(0, weight.shape), [0, 0, 0, 0, 0, pad])
        return x.unflatten(1, (-1, size)).flatten(0, 1).transpose(1, 2).flatten(2)

    grouped_weight = F.pad(weight, [0, pad]).view(-1, size)
    count = grouped_weight.sum(-1).clamp(min=1) * query[0, 0].numel()
    value = value * weight.flatten()[:, None, None, None].to(value.dtype)
    attention = group(query).transpose(1, 2) @ group(key) / count[:, None, None].to(query.dtype)
    attended = (attention @ group(value).transpose(1, 2)).transpose(1, 2)
    attended = attended.unflatten(2, (size, -1)).transpose(1, 2).unflatten(0, (num_clips, -1)).flatten(1, 2)
    return torch.reshape(attended[:, :num_frames], query.shape)
