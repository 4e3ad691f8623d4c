"""Hooks."""

from .epoch_seed_hook import EpochSeedHook, seed_worker
from .finite_loss_hook import FiniteLossHook
from .plain_checkpoint_hook import PlainCheckpointHook

__all__ = ['EpochSeedHook', 'FiniteLossHook', 'PlainCheckpointHook', 'seed_worker']
