"""Data sets in the official layouts of AVSBench and VPO, and the transforms of their pipelines."""

from .avsbench_dataset import AVSBenchMS3Dataset, AVSBenchS4Dataset
from .avss_dataset import AVSSDataset
from .base_avs_dataset import BaseAVSDataset
from .classes import AVSS_CLASSES, BINARY_CLASSES, S4_CATEGORIES, VPO_CLASSES, voc_palette
from .frozen_features import FrozenFeatureDataset
from .vpo_dataset import VPODataset

__all__ = [
    'AVSS_CLASSES',
    'BINARY_CLASSES',
    'S4_CATEGORIES',
    'VPO_CLASSES',
    'AVSBenchMS3Dataset',
    'AVSBenchS4Dataset',
    'AVSSDataset',
    'BaseAVSDataset',
    'FrozenFeatureDataset',
    'VPODataset',
    'voc_palette',
]
