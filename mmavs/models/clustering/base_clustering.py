"""Contract of clustering methods."""

from abc import ABCMeta, abstractmethod
from contextlib import nullcontext

import torch
from mmengine.model import BaseModule
from torch import Tensor


class BaseClustering(BaseModule, metaclass=ABCMeta):
    """Divide the tokens of each sample into groups: ``(tokens, num_groups[, mask, size]) -> labels``.

    Subclasses implement ``assign``; ``forward`` checks the arguments and calls it without gradient, in float32, outside of
    autocast. Equal inputs give equal labels, in training too.
    """

    def forward(
        self, tokens: Tensor, num_groups: int, mask: Tensor | None = None, size: tuple[int, int] | None = None
    ) -> Tensor:
        """Group the tokens.

        Args:
            tokens: ``(B, N, C)``; a sample is what is clustered on its own, mostly a frame.
            num_groups: ``P``, at least 1. Where it exceeds the number of tokens, fewer groups are used.
            mask: ``(B, N)`` bool. A false token takes no part and gets label 0, so a sample without true ones gets only zeros.
            size: ``(H, W)`` of the map whose rows the tokens are, ``N = H * W``; for methods that look at positions.

        Returns:
            Labels ``(B, N)``, long, in ``0..num_groups-1``.

        Raises:
            TypeError: ``mask`` is not bool.
            ValueError: Shapes that do not fit, ``num_groups`` below 1, or a ``size`` that is needed and missing.
        """
        name = type(self).__name__
        if tokens.dim() != 3 or tokens.shape[1] < 1:
            raise ValueError(f'{name}: tokens must have the shape (B, N, C) with N >= 1, got {tuple(tokens.shape)}')
        if num_groups < 1:
            raise ValueError(f'{name}: num_groups must be at least 1, got {num_groups}')
        if mask is not None and mask.dtype != torch.bool:
            raise TypeError(f'{name}: mask must be bool (true where a token takes part), got {mask.dtype}')
        if mask is not None and mask.shape != tokens.shape[:2]:
            raise ValueError(
                f'{name}: mask must have the shape (B, N) = {tuple(tokens.shape[:2])}, got {tuple(mask.shape)}'
            )
        if size is not None and size[0] * size[1] != tokens.shape[1]:
            raise ValueError(f'{name}: size {tuple(size)} has {size[0] * size[1]} positions, tokens {tokens.shape[1]}')
        # the meta device knows no autocast
        autocast_off = nullcontext() if tokens.is_meta else torch.autocast(tokens.device.type, enabled=False)
        with torch.no_grad(), autocast_off:
            tokens = tokens.detach().float()
            if mask is not None:
                tokens = tokens.masked_fill(~mask.unsqueeze(-1), 0)  # whatever stands there, even nan, must not spread
            labels = self.assign(tokens, num_groups, mask, size)
            return labels if mask is None else labels.masked_fill(~mask, 0)

    @abstractmethod
    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Return labels ``(B, N)`` of checked float32 ``tokens``, zero where masked; the labels there do not matter."""

    def required_size(self, size: tuple[int, int] | None) -> tuple[int, int]:
        """Return ``size``.

        Raises:
            ValueError: It is ``None``.
        """
        if size is None:
            raise ValueError(f'{type(self).__name__} looks at positions and needs size=(H, W), got None')
        return size
