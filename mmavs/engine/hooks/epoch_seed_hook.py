"""Random numbers that depend on the epoch, not on the history of the process."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner

from mmavs.registry import HOOKS

EPOCH_STRIDE = 100_003
RANK_STRIDE = 7_919


@FUNCTIONS.register_module(name='mmavs_seed_worker')
def seed_worker(worker_id: int, **unused: int) -> None:
    """Seed ``random`` and numpy of a data loader worker from torch's seed, which differs per epoch, rank and worker.

    mmengine's own function gives every epoch the same draws. Name it in a dataloader config as
    ``worker_init_fn=dict(type='mmavs_seed_worker')``; ``unused`` takes what mmengine passes on.
    """
    seed = torch.initial_seed() % 2**32
    random.seed(seed)
    np.random.seed(seed)


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed all generators before every training epoch from (seed, epoch, rank).

    The draws of an epoch then do not depend on what ran before, so a run that is killed and resumed at an epoch boundary
    ends with the same weights, bit for bit, as one that was never interrupted. The data loader takes the seeds of its
    workers from torch's generator when the epoch's iterator is made, which is after this hook.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed python, numpy and torch (all devices)."""
        seed = (runner.seed + EPOCH_STRIDE * runner.epoch + RANK_STRIDE * get_rank()) % 2**32
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
