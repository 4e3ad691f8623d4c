"""Checkpoints that load without unpickling objects."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmavs.registry import HOOKS


def to_plain(value: Any) -> Any:
    """Turn numpy values into Python numbers and tensors, inside dicts, lists and tuples."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_plain(item) for item in value)
    return value


@HOOKS.register_module()
class PlainCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, writing only tensors and plain containers.

    ``torch.load(weights_only=True)``, the default since torch 2.6, refuses the history buffers and numpy scalars that
    mmengine 0.10 stores. Resuming works as before; only the smoothing window of the log is lost. The best checkpoint of
    another work dir is never deleted.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make the checkpoint plain."""
        hub = checkpoint['message_hub']
        hub['log_scalars'] = {}
        hub['runtime_info'] = to_plain(hub['runtime_info'])
        hub['resumed_keys'] = {key: flag for key, flag in hub['resumed_keys'].items() if key in hub['runtime_info']}
        for key in ('meta', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = to_plain(checkpoint[key])

    def before_train(self, runner: Runner) -> None:
        """Forget a best checkpoint that lies outside this work dir."""
        super().before_train(runner)
        for name in ('best_ckpt_path', 'last_ckpt'):
            path = getattr(self, name, None)
            if path and Path(path).resolve().parent != Path(self.out_dir).resolve():
                print_log(f'{path} belongs to another run and is left alone', logger='current')
                setattr(self, name, None)
