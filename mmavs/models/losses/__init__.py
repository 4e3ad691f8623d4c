"""Losses; each is ``loss(output: AVSOutput, targets: AVSTargets) -> scalar`` with a ``loss_name``."""

from .av_matching_loss import AVMatchingLoss
from .base_loss import BaseAVSLoss
from .catr_set_loss import CATRSetLoss
from .evidential_loss import EvidentialLoss
from .gaussian_logit_loss import GaussianLogitLoss
from .info_nce_loss import InfoNCELoss
from .mask_losses import MaskBCELoss, MaskCELoss, MaskDiceLoss, MaskIoULoss
from .squared_dice_loss import MaskFeatureLoss, SquaredDiceLoss

__all__ = [
    'AVMatchingLoss',
    'BaseAVSLoss',
    'CATRSetLoss',
    'EvidentialLoss',
    'GaussianLogitLoss',
    'InfoNCELoss',
    'MaskBCELoss',
    'MaskCELoss',
    'MaskDiceLoss',
    'MaskFeatureLoss',
    'MaskIoULoss',
    'SquaredDiceLoss',
]
