"""Grouping of tokens: interchangeable methods with one interface, ``(tokens, num_groups[, mask, size]) -> labels``."""

from .adaptive_dpc import AdaptiveDPC
from .base_clustering import BaseClustering
from .dpc_knn import DPCKNN
from .fixed_groups import GridGroups, SingleGroup
from .functional import merge_tokens
from .k_means import KMeans
from .pooled_clustering import PooledClustering
from .positioned_clustering import PositionedClustering

__all__ = [
    'DPCKNN',
    'AdaptiveDPC',
    'BaseClustering',
    'GridGroups',
    'KMeans',
    'PooledClustering',
    'PositionedClustering',
    'SingleGroup',
    'merge_tokens',
]
