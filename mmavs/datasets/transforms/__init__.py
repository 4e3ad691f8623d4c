"""Transforms of clips; each draws once per clip, from numpy's global generator, which mmengine seeds in every worker."""

from .affine import RandomAffineClip
from .audio import AudioAugment, VGGishLogMel
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
from .negative_audio import EmptyTargets, RandomNegativeAudio, ReplaceAudio
from .photometric import ClipPhotoMetric
from .sampling import SampleFrames
from .scale_crop import RandomScaleClip
from .vpo_audio import CAVPMel, LoadSources, MixSources

__all__ = [
    'AudioAugment',
    'CAVPMel',
    'CenterCropClip',
    'ClipPhotoMetric',
    'EmptyTargets',
    'LoadAudio',
    'LoadClipFrames',
    'LoadClipMasks',
    'LoadLogMelPickle',
    'LoadSources',
    'MixSources',
    'PackAVSInputs',
    'RandomAffineClip',
    'RandomCropClip',
    'RandomFlipClip',
    'RandomNegativeAudio',
    'RandomResizedCropClip',
    'RandomScaleClip',
    'ReplaceAudio',
    'ResizeClip',
    'ResizeShortSideCenterCropClip',
    'SampleFrames',
    'VGGishLogMel',
    'read_log_mel_pickle',
]
