"""Random numbers of a training step that depend on the step, not on the history of the process."""

from typing import Any

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmavs.engine.data_stream import seed_generators
from mmavs.registry import HOOKS

_STEP_STREAM = 1_000_003  # keeps the seeds of steps apart from those of samples


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seed all generators before every training step from (run seed, rank, iteration).

    Dropout and everything else that the model draws then does not depend on what ran before. Together with
    :class:`~mmavs.engine.data_stream.StreamSampler`, which does the same for the transforms of each sample, this makes a run
    that was killed and resumed end with the same weights, bit for bit, as one that was never interrupted.
    """

    priority = 'VERY_LOW'  # behind every hook that might draw numbers before the step

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed ``random``, numpy and torch."""
        seed_generators(runner.seed, _STEP_STREAM + get_rank(), runner.iter)
