"""Hooks."""

from .finite_loss_hook import FiniteLossHook
from .freeze_hook import FreezeHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .step_seed_hook import StepSeedHook

__all__ = ['FiniteLossHook', 'FreezeHook', 'PlainCheckpointHook', 'StepSeedHook']
