"""Registered metrics."""

from .base_avs_metric import BaseAVSMetric
from .binary_metric import BinaryAVSMetric
from .dataset_level_metric import DatasetLevelMetric
from .robust_metric import RobustAVSMetric
from .semantic_metric import SemanticAVSMetric
from .tagging_metric import TaggingMetric
from .transition_metric import TransitionMetric
from .uncertainty_metric import UncertaintyMetric

__all__ = [
    'BaseAVSMetric',
    'BinaryAVSMetric',
    'DatasetLevelMetric',
    'RobustAVSMetric',
    'SemanticAVSMetric',
    'TaggingMetric',
    'TransitionMetric',
    'UncertaintyMetric',
]
