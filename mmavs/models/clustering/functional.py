"""Plain functions of density-peak clustering; all work in blocks of rows and never hold a ``B x N x N`` matrix.

Squared distances are one product of extended rows, ``[-2 x, |x|^2, 1] . [y, 1, |y|^2]``, which is how ``torch.cdist`` computes
them for more than 25 rows: the published labels depend on its rounding where two scores nearly tie. A token that takes no
part gets the extended column ``[0, 1, inf]``, so that its distance from everything is infinite without another pass.
"""

import math

import torch
from torch import Tensor

BLOCK_SIZE = 2**20
ROW_STEP = 16
"""Blocks start at multiples of this many rows: matrix products round the odd rows at an end differently."""


def extend(tokens: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the two factors whose product is the matrix of squared distances.

    Args:
        tokens: ``(B, N, C)`` float32, finite where masked too.
        mask: ``(B, N)`` bool; columns of false tokens are infinitely far away.

    Returns:
        Rows ``(B, N, C + 2)`` and columns ``(B, C + 2, N)``.
    """
    norm = tokens.square().sum(-1, keepdim=True)
    one = torch.ones_like(norm)
    far = norm if mask is None else norm.masked_fill(~mask.unsqueeze(-1), math.inf)
    return torch.cat((-2 * tokens, norm, one), -1), torch.cat((tokens, one, far), -1).transpose(1, 2)


def block_rows(num_rows: int, row_cost: int, block_size: int) -> int:
    """Return how many rows a block has: ``block_size`` entries at most, but ``ROW_STEP`` rows at least.

    Args:
        num_rows: Rows in total.
        row_cost: Entries per row, over the whole batch.
        block_size: Entries a block may have.
    """
    return min(num_rows, max(ROW_STEP, block_size // row_cost // ROW_STEP * ROW_STEP))


def smallest(rows: Tensor, k: int, lanes: int) -> Tensor:
    """Return the ``k`` smallest entries of each row, ascending.

    The ``k`` smallest lie in the ``k`` lanes (every ``lanes``-th column) whose minima are smallest, so ``topk``, which is slow,
    sees ``lanes + k * N / lanes`` entries instead of ``N``.

    Args:
        rows: ``(B, R, N)``, ``N`` a multiple of ``lanes``.
        k: How many.
        lanes: At least ``k``; as many as columns switches the detour off.

    Returns:
        ``(B, R, k)``.
    """
    if lanes < rows.shape[-1]:
        folded = rows.unflatten(-1, (-1, lanes))
        lane = folded.amin(2).topk(k, largest=False, sorted=False).indices
        rows = folded.gather(3, lane.unsqueeze(2).expand(-1, -1, folded.shape[2], -1)).flatten(2)
    return rows.topk(k, largest=False).values


def knn_density(
    tokens: Tensor, k: int = 5, mask: Tensor | None = None, block_size: int = BLOCK_SIZE
) -> tuple[Tensor, Tensor]:
    """Return the local density of each token and the largest distance of each sample.

    ``exp(-mean of d^2)`` over the ``k`` nearest tokens, the token itself included, with ``d = |x_i - x_j| / sqrt(C)``. Where
    fewer than ``k`` tokens take part, the mean is over those.

    Args:
        tokens: ``(B, N, C)`` float32.
        k: Neighbours.
        mask: ``(B, N)`` bool, true where a token takes part.
        block_size: Distances held at once.

    Returns:
        Density ``(B, N)`` in [0, 1], -1 where a token takes no part; largest distance ``(B,)``.

    Source:
        Zeng et al., "Not all tokens are equal", CVPR 2022; Du et al., "Study on density peaks clustering based on k-nearest
        neighbors and principal component analysis", 2016.
    """
    batch, num_tokens, channels = tokens.shape
    k = min(k, num_tokens)
    rows, columns = extend(tokens, mask)
    lanes = math.isqrt(k * num_tokens) // ROW_STEP * ROW_STEP
    lanes = lanes if 2 * k <= lanes else num_tokens
    missing = -num_tokens % lanes
    if missing:
        padding = columns.new_tensor([0.0] * channels + [1.0, math.inf])
        columns = torch.cat((columns, padding[:, None].expand(batch, -1, missing)), -1)
    step = block_rows(num_tokens, batch * num_tokens, block_size)
    nearest, farthest = [], []
    for start in range(0, num_tokens, step):
        block = torch.bmm(rows[:, start : start + step], columns)
        nearest.append(smallest(block, k, lanes))
        block = block[..., :num_tokens]
        if mask is not None:
            block = block.masked_fill_(~mask.unsqueeze(1), -math.inf)
        farthest.append(block.amax(-1))
    near = to_distance(torch.cat(nearest, 1), channels).square()
    far = torch.cat(farthest, 1)
    if mask is None:
        return near.mean(-1).neg().exp(), to_distance(far.amax(-1), channels)
    known = near.isfinite()
    mean = near.masked_fill(~known, 0).sum(-1) / known.sum(-1).clamp_min(1)
    density = mean.neg().exp().masked_fill(~mask, -1)
    return density, to_distance(far.masked_fill(~mask, -math.inf).amax(-1), channels)


def to_distance(squared: Tensor, channels: int) -> Tensor:
    """Return ``sqrt(squared / channels)``, rounded as published; rounding may have left small negative numbers."""
    return squared.clamp_min(0).sqrt() / math.sqrt(channels)


def parent_distance(
    tokens: Tensor,
    density: Tensor,
    max_distance: Tensor,
    mask: Tensor | None = None,
    block_size: int = BLOCK_SIZE,
) -> Tensor:
    """Return the distance of each token to the nearest one of strictly higher density.

    Sorted by density, the candidates of a token lie before it, so that half of the distances need not be computed.

    Args:
        tokens: ``(B, N, C)`` float32.
        density: ``(B, N)``, -1 where a token takes no part (see ``knn_density``).
        max_distance: ``(B,)``, what a token without any denser one gets.
        mask: ``(B, N)`` bool, true where a token takes part.
        block_size: Distances held at once.

    Returns:
        ``(B, N)``; of no meaning where a token takes no part.
    """
    batch, num_tokens, channels = tokens.shape
    ranked, order = density.sort(-1, descending=True)
    rows, columns = extend(tokens, mask)
    rows = rows.gather(1, order.unsqueeze(-1).expand_as(rows))
    columns = columns.gather(2, order.unsqueeze(1).expand_as(columns))
    step = block_rows(num_tokens, batch * num_tokens, block_size)
    nearest = []
    for start in range(0, num_tokens, step):
        stop = min(start + step, num_tokens)
        block = torch.bmm(rows[:, start:stop], columns[..., :stop])
        not_denser = ranked[:, None, :stop] <= ranked[:, start:stop, None]
        nearest.append(block.masked_fill_(not_denser, math.inf).amin(-1))
    distance = to_distance(torch.cat(nearest, 1), channels)
    distance = torch.where(distance.isfinite(), distance, max_distance.unsqueeze(-1))
    return torch.empty_like(distance).scatter_(1, order, distance)


def peak_scores(
    tokens: Tensor, k: int = 5, mask: Tensor | None = None, block_size: int = BLOCK_SIZE
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the decision graph of density-peak clustering.

    Args:
        tokens: ``(B, N, C)`` float32.
        k: Neighbours of the density.
        mask: ``(B, N)`` bool, true where a token takes part.
        block_size: Distances held at once.

    Returns:
        Density, parent distance and their product, the score; each ``(B, N)``. Where a token takes no part, density and score
        are -1, below every other.
    """
    density, max_distance = knn_density(tokens, k, mask, block_size)
    delta = parent_distance(tokens, density, max_distance, mask, block_size)
    score = delta * density
    return density, delta, score if mask is None else score.masked_fill(~mask, -1)


def assign_nearest(
    tokens: Tensor, centres: Tensor, centre_valid: Tensor | None = None, block_size: int = BLOCK_SIZE
) -> Tensor:
    """Return the index of the nearest centre of each token, the first one where several are equally near.

    Args:
        tokens: ``(B, N, C)`` float32.
        centres: ``(B, P, C)`` float32.
        centre_valid: ``(B, P)`` bool; no token goes to a false one (unless all are).
        block_size: Distances held at once.

    Returns:
        ``(B, N)`` long.
    """
    batch, num_tokens, _ = tokens.shape
    rows, _ = extend(centres)
    if centre_valid is not None:
        rows[..., -2].masked_fill_(~centre_valid, math.inf)
    _, columns = extend(tokens)
    step = block_rows(num_tokens, batch * centres.shape[1], block_size)
    labels = []
    for start in range(0, num_tokens, step):
        block = torch.bmm(rows, columns[..., start : start + step])
        labels.append(block.clamp_min_(0).sqrt_().argmin(1))  # the root makes ties, which the published labels contain
    return torch.cat(labels, 1)


def assign_to_peaks(
    tokens: Tensor, peaks: Tensor, peak_valid: Tensor | None = None, block_size: int = BLOCK_SIZE
) -> Tensor:
    """Return the index of the nearest peak of each token; peaks belong to themselves.

    Args:
        tokens: ``(B, N, C)`` float32.
        peaks: ``(B, P)`` long, indices of different tokens, best first.
        peak_valid: ``(B, P)`` bool; false ones found no group.
        block_size: Distances held at once.

    Returns:
        ``(B, N)`` long in ``0..P-1``.
    """
    centres = tokens.gather(1, peaks.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
    labels = assign_nearest(tokens, centres, peak_valid, block_size)
    own = torch.arange(peaks.shape[1], device=peaks.device).expand_as(peaks)
    if peak_valid is not None:
        own = torch.where(peak_valid, own, labels.gather(1, peaks))
    return labels.scatter(1, peaks, own)


def merge_tokens(
    tokens: Tensor, labels: Tensor, num_groups: int, weights: Tensor | None = None, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Average the tokens of each group.

    Args:
        tokens: ``(B, N, C)``.
        labels: ``(B, N)`` long in ``0..num_groups-1``.
        num_groups: ``P``.
        weights: ``(B, N)`` not negative; all ones if not given. TCFormer uses ``exp`` of a learnt score.
        mask: ``(B, N)`` bool; false tokens have no weight.

    Returns:
        Group means ``(B, P, C)``, zero for an empty group, and the share of each token in its group ``(B, N)``:
        ``weight / (sum of the group's weights + 1e-6)``. Both carry gradients to ``tokens`` and ``weights``.

    Source:
        Zeng et al., CVPR 2022; https://github.com/zengwang430521/TCFormer.
    """
    batch, num_tokens, channels = tokens.shape
    weights = tokens.new_ones(batch, num_tokens) if weights is None else weights.to(tokens.dtype)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
        tokens = tokens.masked_fill(~mask.unsqueeze(-1), 0)
    total = weights.new_zeros(batch, num_groups).scatter_add(1, labels, weights) + 1e-6
    share = weights / total.gather(1, labels)
    index = labels.unsqueeze(-1).expand(-1, -1, channels)
    merged = tokens.new_zeros(batch, num_groups, channels).scatter_add(1, index, tokens * share.unsqueeze(-1))
    return merged, share
