"""Stop at the first loss that is not a number."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmavs.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Raise an error that names the clips when the logged loss is NaN or infinite.

    The losses come to the hook as Python numbers (mmengine has read them for the log already), so the check costs nothing.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Check the losses of the iteration.

        Raises:
            FloatingPointError: A loss is not finite.
        """
        losses = {name: float(value) for name, value in (outputs or {}).items() if 'loss' in name}
        bad = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if bad:
            samples = (data_batch or {}).get('data_samples', [])
            clips = [sample.get('clip_id', '?') for sample in samples]
            raise FloatingPointError(
                f'iteration {runner.iter + 1}: {bad} is not finite, clips {clips}. The step has been taken: go back to the '
                'last checkpoint (--resume). Check these clips with tools/dataset_converters/check_dataset.py, or lower the '
                'learning rate'
            )
