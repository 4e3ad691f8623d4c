"""K-means with a deterministic k-means++ start."""

import math

import torch
from torch import Tensor

from mmavs.registry import MODELS

from .base_clustering import BaseClustering
from .functional import BLOCK_SIZE, block_rows, extend

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


@MODELS.register_module()
class KMeans(BaseClustering):
    """Lloyd's algorithm for a fixed number of rounds.

    The start draws tokens with probability proportional to the squared distance from the centres so far, as k-means++ does, with
    two differences. The random numbers are multiples of the golden ratio, shifted by ``seed``: no generator, so the same draws on
    any device and in a compiled graph. And a round may draw several centres, half as many as there are, at even spacing of the
    cumulative probability: one by one up to four centres, then ``O(log P)`` rounds instead of ``P``.

    A group that becomes empty moves its centre to the token farthest from its own centre (several: to the next farthest).

    Args:
        num_iters: Rounds of assignment and averaging; one more assignment gives the labels.
        seed: Selects the draws of the start.
        block_size: Distances held at once.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: ``num_iters`` negative or ``block_size`` below 1.

    Source:
        Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; the several draws per round follow
        Bahmani et al., "Scalable k-means++", VLDB 2012.
    """

    def __init__(
        self, num_iters: int = 10, seed: int = 0, block_size: int = BLOCK_SIZE, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        if num_iters < 0 or block_size < 1:
            raise ValueError(
                f'KMeans: num_iters must be at least 0 and block_size at least 1, got {num_iters} and {block_size}'
            )
        self.num_iters = num_iters
        self.seed = seed
        self.block_size = block_size

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return labels ``(B, N)``; ``size`` is not used."""
        centres, valid = self.start(tokens, min(num_groups, tokens.shape[1]), mask)
        return self.refine(tokens, centres, valid, mask)

    def start(self, tokens: Tensor, num_groups: int, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Draw the first centres.

        Args:
            tokens: ``(B, N, C)`` float32, finite where masked too.
            num_groups: ``P``, at most ``N``.
            mask: ``(B, N)`` bool, true where a token takes part.

        Returns:
            Centres ``(B, P, C)`` and ``(B, P)`` bool, false where no token away from the other centres was left.
        """
        taking_part = tokens.new_ones(tokens.shape[:2]) if mask is None else mask.to(tokens)
        weight = taking_part  # the first centre: every token alike
        _, columns = extend(tokens)
        centres, valid, count, have = [], [], 1, 0
        while have < num_groups:
            shift = (0.5 + (self.seed + have) * GOLDEN_RATIO) % 1
            index, drawn = draw(weight, count, shift)
            new = tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
            centres.append(new)
            valid.append(drawn.unsqueeze(-1).expand(-1, count))
            distance = torch.bmm(extend(new)[0], columns).clamp_min(0).amin(1) * taking_part
            distance = distance.scatter(1, index, 0)  # rounding leaves more than nothing, and no token is drawn twice
            weight = distance if have == 0 else torch.minimum(weight, distance)
            have += count
            count = min(max(1, have // 2), num_groups - have)
        return torch.cat(centres, 1), torch.cat(valid, 1)

    def refine(
        self, tokens: Tensor, centres: Tensor, valid: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Run the rounds from given centres.

        Args:
            tokens: ``(B, N, C)`` float32, finite where masked too.
            centres: ``(B, P, C)`` float32.
            valid: ``(B, P)`` bool, false where a centre does not exist (yet); all exist if not given.
            mask: ``(B, N)`` bool, true where a token takes part.

        Returns:
            Labels ``(B, N)``.
        """
        valid = torch.ones(centres.shape[:2], dtype=torch.bool, device=centres.device) if valid is None else valid
        taking_part = tokens.new_ones(tokens.shape[:2]) if mask is None else mask.to(tokens)
        _, columns = extend(tokens)
        members = torch.cat((tokens, torch.ones_like(tokens[..., :1])), -1) * taking_part.unsqueeze(-1)
        for _ in range(self.num_iters):
            total, distance = self._sum_groups(columns, members, centres, valid)
            count = total[..., -1:]
            mean = total[..., :-1] / count.clamp_min(1)
            empty = count.squeeze(-1) == 0
            far, index = (distance * taking_part).topk(centres.shape[1], dim=-1)
            turn = (empty.cumsum(-1) - 1).clamp_min(0)
            far, index = far.gather(1, turn), index.gather(1, turn)
            moved = tokens.gather(1, index.unsqueeze(-1).expand_as(centres))
            centres = torch.where(empty.unsqueeze(-1), moved, mean)
            valid = ~empty | (far > 0)
        return torch.cat([labels for _, labels, _ in self._nearest(columns, centres, valid)], 1)

    def _nearest(self, columns: Tensor, centres: Tensor, valid: Tensor) -> list[tuple[slice, Tensor, Tensor]]:
        """Return per block of tokens: where it is, labels ``(B, R)``, squared distance from the own centre ``(B, R)``."""
        rows, _ = extend(centres)
        rows[..., -2].masked_fill_(~valid, math.inf)
        num_tokens = columns.shape[-1]
        step = block_rows(num_tokens, columns.shape[0] * centres.shape[1], self.block_size)
        result = []
        for start in range(0, num_tokens, step):
            part = slice(start, start + step)
            distance, labels = torch.bmm(rows, columns[..., part]).min(1)
            result.append((part, labels, distance.clamp_min(0)))
        return result

    def _sum_groups(self, columns: Tensor, members: Tensor, centres: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Assign, and return the sums of ``members`` per group ``(B, P, C + 1)`` and the squared distances ``(B, N)``.

        The sums are products with the membership matrix, which, unlike scattered additions, are the same in every run on a GPU.
        """
        number = torch.arange(centres.shape[1], device=centres.device).unsqueeze(-1)
        blocks = self._nearest(columns, centres, valid)
        total = torch.zeros_like(torch.cat((centres, centres[..., :1]), -1))
        for part, labels, _ in blocks:
            total = torch.baddbmm(total, (labels.unsqueeze(1) == number).to(members), members[:, part])
        return total, torch.cat([distance for *_, distance in blocks], 1)


def draw(weight: Tensor, count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Draw tokens at even spacing of the cumulative weight.

    Args:
        weight: ``(B, N)``, not negative.
        count: Draws.
        shift: In [0, 1), where in its interval of the cumulative weight each draw lies.

    Returns:
        Indices ``(B, count)``, and ``(B,)`` bool, false where all weights are zero (the indices mean nothing then).
    """
    cumulative = weight.double().cumsum(-1)  # in float32 the last draws of large maps could miss their token
    total = cumulative[..., -1:]
    position = (torch.arange(count, device=weight.device, dtype=torch.float64) + shift) / count
    index = torch.searchsorted(cumulative, position * total, right=True).clamp_max(weight.shape[-1] - 1)
    return index, total.squeeze(-1) > 0
