"""Groups that do not look at the tokens: the controls of every grouping ablation."""

import torch
from torch import Tensor

from mmavs.registry import MODELS

from .base_clustering import BaseClustering


@MODELS.register_module()
class SingleGroup(BaseClustering):
    """All tokens in one group, whatever ``num_groups``: attention inside the group is global attention."""

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return zeros ``(B, N)``."""
        return torch.zeros(tokens.shape[:2], dtype=torch.long, device=tokens.device)


@MODELS.register_module()
class GridGroups(BaseClustering):
    """Rectangular blocks of the map, row by row.

    ``num_groups`` is split into rows x columns without a remainder, in the way that makes the blocks most nearly square (a
    prime number gives strips; with two equally good ways, more columns). Masked tokens do not shift the grid.
    """

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return labels ``(B, N)``.

        Raises:
            ValueError: ``size`` is ``None``.
        """
        height, width = self.required_size(size)
        rows, columns = grid_shape(num_groups, height, width)
        row = torch.arange(height, device=tokens.device) * rows // height
        column = torch.arange(width, device=tokens.device) * columns // width
        return (row[:, None] * columns + column).flatten().expand(tokens.shape[0], -1).clone()


def grid_shape(num_groups: int, height: int, width: int) -> tuple[int, int]:
    """Return rows and columns, ``num_groups`` blocks in all, that are nearest to square on a ``height x width`` map."""
    best = (1, num_groups)
    for rows in range(2, num_groups + 1):
        columns, remainder = divmod(num_groups, rows)
        if not remainder and elongation(rows, columns, height, width) < elongation(*best, height, width):
            best = (rows, columns)
    return best


def elongation(rows: int, columns: int, height: int, width: int) -> float:
    """Return longer edge over shorter edge of the blocks."""
    tall, wide = height * columns, width * rows
    return max(tall, wide) / min(tall, wide)
