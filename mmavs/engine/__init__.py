"""Runner, loops, hooks and optimiser wrapper."""

from .data_stream import StreamDataset, StreamIndex, StreamSampler
from .hooks import FiniteLossHook, FreezeHook, PlainCheckpointHook, StepSeedHook
from .loops import ResumableIterTrainLoop
from .optim import BF16OptimWrapper
from .runner import AVSRunner, build_runner, find_resume_checkpoint

__all__ = [
    'AVSRunner',
    'BF16OptimWrapper',
    'FiniteLossHook',
    'FreezeHook',
    'PlainCheckpointHook',
    'ResumableIterTrainLoop',
    'StepSeedHook',
    'StreamDataset',
    'StreamIndex',
    'StreamSampler',
    'build_runner',
    'find_resume_checkpoint',
]
