"""Plain references: the published density-peak clustering, and token merging by loops."""

import torch


def published_dpc(x, num_groups, k):
    """DPC-KNN as TCFormer computes it, on whole matrices and without noise, for ``x (B, N, C)``."""
    distance = torch.cdist(x, x) / x.shape[-1] ** 0.5
    density = (-(distance.topk(k, dim=-1, largest=False).values ** 2).mean(-1)).exp()
    denser = (density[:, None, :] > density[:, :, None]).to(x.dtype)
    largest = distance.flatten(1).amax(-1)[:, None, None]
    delta = (distance * denser + largest * (1 - denser)).min(-1).values
    score = delta * density
    peaks = score.topk(num_groups, dim=-1).indices
    labels = distance.gather(1, peaks[..., None].expand(-1, -1, x.shape[1])).argmin(1)
    labels.scatter_(1, peaks, torch.arange(num_groups).expand_as(peaks))
    return density, delta, score, labels


def blobs(batch, num_tokens, num_groups, channels=16, spread=0.3, seed=0):
    """Return well separated groups ``(B, N, C)`` and to which each token belongs ``(B, N)``."""
    generator = torch.Generator().manual_seed(seed)
    centres = 2 * torch.randn(batch, num_groups, channels, generator=generator)
    member = torch.arange(num_tokens).remainder(num_groups)[torch.randperm(num_tokens, generator=generator)]
    noise = torch.randn(batch, num_tokens, channels, generator=generator)
    return centres[:, member] + spread * noise, member.expand(batch, -1)


def same_partition(a, b):
    """Tell whether two labellings ``(N,)`` differ by the numbers of the groups only."""
    pairs = torch.stack((a, b)).unique(dim=1)
    return len(pairs[0].unique()) == pairs.shape[1] == len(pairs[1].unique())
