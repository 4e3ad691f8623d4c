"""Runner, hooks and optimiser wrapper."""

from .hooks import EpochSeedHook, FiniteLossHook, PlainCheckpointHook
from .optim import BF16OptimWrapper
from .runner import AVSRunner, build_runner, find_resume_checkpoint

__all__ = [
    'AVSRunner',
    'BF16OptimWrapper',
    'EpochSeedHook',
    'FiniteLossHook',
    'PlainCheckpointHook',
    'build_runner',
    'find_resume_checkpoint',
]
