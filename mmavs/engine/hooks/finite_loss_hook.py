"""Stop at the first number that is none."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmavs.registry import HOOKS

REMEDY = 'tools/dataset_converters/check_dataset.py CONFIG walks the whole data set'


def _tensors(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a nested batch with their names."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _tensors(item, f'{name}[{key!r}]')
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _tensors(item, f'{name}[{i}]')


def _clip_ids(data_batch: Any) -> list[str]:
    samples = data_batch.get('data_samples') or [] if isinstance(data_batch, dict) else []
    return [sample.get('clip_id', '?') for sample in samples]


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Raise an error that names the clips when a batch or a loss holds NaN or infinity.

    It runs before any checkpoint of the iteration is written, so every checkpoint on disk is from before the accident. Batches
    are checked where they come from the loader, on the CPU; losses are read for the log anyway.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Check the floating-point inputs of the batch.

        Raises:
            FloatingPointError: An input is not finite.
        """
        inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else data_batch
        for name, tensor in _tensors(inputs, 'inputs'):
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                bad = int((~torch.isfinite(tensor)).sum())
                raise FloatingPointError(
                    f'iteration {runner.iter + 1}: {name} {tuple(tensor.shape)} of the batch with the clips '
                    f'{_clip_ids(data_batch)} holds {bad} values that are not finite; {REMEDY}'
                )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Check the losses of the iteration.

        Raises:
            FloatingPointError: A loss is not finite.
        """
        losses = {name: float(torch.as_tensor(v).detach()) for name, v in (outputs or {}).items() if 'loss' in name}
        bad = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if bad:
            raise FloatingPointError(
                f'iteration {runner.iter + 1}: {bad} is not finite, clips {_clip_ids(data_batch)}. The last checkpoint is from '
                f'before this step (--resume). Lower the learning rate, clip gradients, or check the clips: {REMEDY}'
            )
