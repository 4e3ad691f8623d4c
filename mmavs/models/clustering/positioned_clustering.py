"""Grouping by content and place together."""

import math

import torch
from torch import Tensor, nn

from mmavs.registry import MODELS
from mmavs.utils import build_module

from .base_clustering import BaseClustering


@MODELS.register_module()
class PositionedClustering(BaseClustering):
    """Let another method cluster tokens that carry their place in the map, so that groups hang together.

    Row and column, each from 0 to 1 over the map, are appended to the tokens, scaled so that they add ``weight^2 |p_i - p_j|^2``
    to the mean squared difference per channel, as the compactness of SLIC superpixels does. Without them the groups of a
    shallow, texture-like map are scattered over the picture and follow no object.

    Args:
        clustering: The method, config or module.
        weight: Weight of the place against tokens of unit scale; 0 is the method alone.

    Raises:
        ValueError: A negative ``weight``, or no ``size``.

    Source:
        The compactness term: Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", TPAMI 2012.
    """

    def __init__(self, clustering: dict | nn.Module, weight: float = 3.0, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if weight < 0:
            raise ValueError(f'PositionedClustering: weight must not be negative, got {weight}')
        self.clustering = build_module(clustering, MODELS)
        self.weight = weight

    def assign(self, tokens: Tensor, num_groups: int, mask: Tensor | None, size: tuple[int, int] | None) -> Tensor:
        """Append the places and cluster."""
        height, width = self.required_size(size)
        rows = torch.arange(height, device=tokens.device, dtype=tokens.dtype) / max(height - 1, 1)
        columns = torch.arange(width, device=tokens.device, dtype=tokens.dtype) / max(width - 1, 1)
        places = torch.stack(torch.meshgrid(rows, columns, indexing='ij'), -1).flatten(0, 1)
        channels = tokens.shape[-1]
        places = (self.weight * math.sqrt(channels) * places).expand(len(tokens), -1, -1)
        wider = math.sqrt((channels + 2) / channels)  # methods that average over channels must not see two more of them
        return self.clustering(wider * torch.cat((tokens, places), -1), num_groups, mask=mask, size=size)
