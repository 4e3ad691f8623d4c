"""Checkpoints that load without unpickling objects and survive a kill."""

import math
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmavs.registry import HOOKS

PARTIAL_SUFFIX = '.partial'
_PLAIN = (str, bytes, bool, int, float, complex, torch.Tensor, torch.Size, torch.dtype, torch.device, type(None))


def to_plain(value: Any, name: str = 'checkpoint') -> Any:
    """Turn numpy values into Python numbers and tensors, inside dicts, lists and tuples.

    Args:
        value: What goes into a checkpoint.
        name: Where it stands, for the error.

    Raises:
        TypeError: An object that ``torch.load(weights_only=True)`` would refuse.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy()) if value.dtype.kind in 'biufc' else to_plain(value.tolist(), name)
    if isinstance(value, dict):
        kind = OrderedDict if isinstance(value, OrderedDict) else dict
        return kind((to_plain(key, name), to_plain(item, f'{name}[{key!r}]')) for key, item in value.items())
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        items = (to_plain(item, f'{name}[{i}]') for i, item in enumerate(value))
        return list(items) if isinstance(value, list) else tuple(items)
    if isinstance(value, _PLAIN):
        return value
    raise TypeError(
        f'{name} is a {type(value).__name__}, which a plain checkpoint cannot hold; store numbers, strings, tensors, dicts and '
        'lists only'
    )


@HOOKS.register_module()
class PlainCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` with three differences.

    It writes only tensors and plain containers, which ``torch.load(weights_only=True)``, the default since torch 2.6, accepts
    (mmengine 0.10 stores history buffers and numpy scalars, and cannot read its own files back). Of the old state only the
    smoothing window of the log is lost. An outdated or beaten checkpoint is removed after its successor is complete, not
    before, so that a kill at any moment leaves one. The best checkpoint of another work dir is never removed.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make the checkpoint plain."""
        hub = checkpoint['message_hub']
        hub['log_scalars'] = {}
        hub['resumed_keys'] = {key: flag for key, flag in hub['resumed_keys'].items() if key in hub['runtime_info']}
        for key in ('message_hub', 'meta', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = to_plain(checkpoint[key], key)

    def before_train(self, runner: Runner) -> None:
        """Take up the best checkpoint of this work dir, forget that of another, and sweep up half-written files."""
        super().before_train(runner)
        if getattr(self, 'best_ckpt_path', None):
            self.best_ckpt_path = self._own(self.best_ckpt_path)
        for key, path in getattr(self, 'best_ckpt_path_dict', {}).items():
            self.best_ckpt_path_dict[key] = self._own(path)
        if is_main_process():
            for path in Path(self.out_dir).glob(f'.*{PARTIAL_SUFFIX}'):
                path.unlink(missing_ok=True)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save the best checkpoint.

        Raises:
            KeyError: ``save_best`` names a metric that the evaluator does not give.
        """
        for key in self.key_indicators if self.save_best else ():
            if key != 'auto' and key not in metrics:
                raise KeyError(f'save_best={key!r} is not among the metrics of the validation: {sorted(metrics)}')
            if key != 'auto' and math.isnan(metrics[key]):
                runner.logger.warning(f'{key} is NaN: this model cannot become the best checkpoint')
        super().after_val_epoch(runner, metrics)

    def _own(self, path: str | None) -> str | None:
        """Return the file of that name in this work dir, ``None`` if it is not there."""
        own = Path(self.out_dir) / Path(path or '-').name
        return str(own) if own.is_file() else None

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = None
        if (
            self.max_keep_ckpts > 0
            and step not in self.keep_ckpt_ids
            and len(self.keep_ckpt_ids) == self.max_keep_ckpts
        ):
            outdated = self.keep_ckpt_ids.popleft()  # makes room, so that the parent removes nothing
        super()._save_checkpoint_with_step(runner, step, meta)
        if outdated is not None and is_main_process():
            (Path(self.out_dir) / self.filename_tmpl.format(outdated)).unlink(missing_ok=True)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        if not self.save_best:
            return
        single = len(self.key_indicators) == 1
        before = {None: self.best_ckpt_path} if single else dict(self.best_ckpt_path_dict)
        if single:
            self.best_ckpt_path = None  # the parent would remove it first and write then
        else:
            self.best_ckpt_path_dict = dict.fromkeys(before)
        super()._save_best_checkpoint(runner, metrics)
        after = {None: self.best_ckpt_path} if single else self.best_ckpt_path_dict
        for key, old in before.items():
            new = after[key]
            if new is None and single:
                self.best_ckpt_path = old
            elif new is None:
                self.best_ckpt_path_dict[key] = old
            elif old is not None and old != new and is_main_process():
                Path(old).unlink(missing_ok=True)
