"""Transforms of clips; each draws once per clip, from numpy's global generator, which mmengine seeds in every worker."""

from .affine import RandomAffineClip
from .audio import AudioAugment, EmptyTargets, ReplaceAudio, VGGishLogMel
from .audio_loading import LoadAudio, LoadLogMelPickle, read_log_mel_pickle
from .formatting import PackAVSInputs
from .geometry import (
    CenterCropClip,
    RandomCropClip,
    RandomFlipClip,
    RandomResizedCropClip,
    ResizeClip,
    ResizeShortSideCenterCropClip,
)
from .loading import LoadClipFrames, LoadClipMasks
from .photometric import ClipPhotoMetric
from .sampling import SampleFrames

__all__ = [
    'AudioAugment',
    'CenterCropClip',
    'ClipPhotoMetric',
    'EmptyTargets',
    'LoadAudio',
    'LoadClipFrames',
    'LoadClipMasks',
    'LoadLogMelPickle',
    'PackAVSInputs',
    'RandomAffineClip',
    'RandomCropClip',
    'RandomFlipClip',
    'RandomResizedCropClip',
    'ReplaceAudio',
    'ResizeClip',
    'ResizeShortSideCenterCropClip',
    'SampleFrames',
    'VGGishLogMel',
    'read_log_mel_pickle',
]
