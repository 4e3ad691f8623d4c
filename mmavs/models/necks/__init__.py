"""Necks: audio-visual fusion."""

from .ama_neck import AMANeck
from .avsegformer_neck import AVSegFormerNeck
from .base_av_neck import BaseAVNeck
from .catr_neck import CATRNeck
from .control_necks import ChannelGateNeck, ConcatNeck, GlobalAttnNeck, IdentityNeck, ResponseGateNeck
from .stagewise_neck import StagewiseNeck
from .tpavi_neck import TPAVINeck

__all__ = [
    'AMANeck',
    'AVSegFormerNeck',
    'BaseAVNeck',
    'CATRNeck',
    'ChannelGateNeck',
    'ConcatNeck',
    'GlobalAttnNeck',
    'IdentityNeck',
    'ResponseGateNeck',
    'StagewiseNeck',
    'TPAVINeck',
]
