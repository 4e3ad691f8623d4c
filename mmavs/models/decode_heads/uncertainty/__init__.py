"""Uncertainty of a mask: branches that estimate it and combinations that use it."""

from .base_combination import BaseCombination
from .base_uncertainty_branch import BaseUncertaintyBranch, MaskPrediction, UncertaintyEstimate
from .combinations import CalibratedShift, ProductCombination, ScaledProduct, TemperatureCombination
from .conv_branch import ConvBranch
from .dirichlet_branch import DirichletBranch
from .dropout_branch import DropoutBranch
from .entropy_branch import EntropyBranch
from .gaussian_logit_branch import GaussianLogitBranch

__all__ = [
    'BaseCombination',
    'BaseUncertaintyBranch',
    'CalibratedShift',
    'ConvBranch',
    'DirichletBranch',
    'DropoutBranch',
    'EntropyBranch',
    'GaussianLogitBranch',
    'MaskPrediction',
    'ProductCombination',
    'ScaledProduct',
    'TemperatureCombination',
    'UncertaintyEstimate',
]
