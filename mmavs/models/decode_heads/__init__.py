"""Decode heads."""

from .avsegformer_head import AVSegFormerHead
from .base_avs_head import BaseAVSHead
from .catr_head import CATRHead
from .tpavi_head import TPAVIHead
from .uncertainty import (
    BaseCombination,
    BaseUncertaintyBranch,
    CalibratedShift,
    DirichletBranch,
    DropoutBranch,
    EntropyBranch,
    GaussianLogitBranch,
    ProductCombination,
    ScaledProduct,
    TemperatureCombination,
)
from .uncertainty_decode_head import UncertaintyDecodeHead

__all__ = [
    'AVSegFormerHead',
    'BaseAVSHead',
    'BaseCombination',
    'BaseUncertaintyBranch',
    'CATRHead',
    'CalibratedShift',
    'DirichletBranch',
    'DropoutBranch',
    'EntropyBranch',
    'GaussianLogitBranch',
    'ProductCombination',
    'ScaledProduct',
    'TPAVIHead',
    'TemperatureCombination',
    'UncertaintyDecodeHead',
]
