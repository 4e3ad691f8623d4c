"""The runner: mmengine's, with atomic checkpoints, strict loading and a process group that works on CPU."""

import os
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmavs.compat import load_file_safely


class AVSRunner(Runner):
    """mmengine's ``Runner`` with three guarantees.

    A checkpoint appears under its name only when it is complete; weights are loaded strictly; a checkpoint of another model
    is an error that lists the keys.
    """

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """Write ``out_dir/filename`` through a temporary file, so that a kill leaves the old one or the new one."""
        partial = f'.{filename}.partial'
        super().save_checkpoint(out_dir, partial, *args, **kwargs)
        if is_main_process():
            os.replace(Path(out_dir) / partial, Path(out_dir) / filename)

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu', strict: bool = True, **kwargs: Any) -> dict:
        """Load weights; every key must fit.

        Raises:
            ValueError: The checkpoint belongs to another model.
        """
        try:
            return super().load_checkpoint(filename, map_location=map_location, strict=strict, **kwargs)
        except RuntimeError as error:
            raise ValueError(f'checkpoint {filename} does not belong to this model: {error}') from error


def find_resume_checkpoint(work_dir: str | Path) -> str | None:
    """Return the newest complete ``epoch_*.pth`` or ``iter_*.pth`` of a work dir, ``None`` if there is none.

    A damaged file (a disk that was full, say) is named in the log and passed over.
    """

    def step(path: Path) -> int:
        return int(path.stem.rsplit('_', 1)[1])

    candidates = [p for kind in ('epoch', 'iter') for p in Path(work_dir).glob(f'{kind}_*.pth') if p.stem[-1].isdigit()]
    for path in sorted(candidates, key=step, reverse=True):
        try:
            load_file_safely(str(path), map_location='cpu')
        except ValueError as error:
            print_log(f'{path} is not usable, trying the one before: {error}', logger='current', level=30)
            continue
        return str(path)
    return None


def build_runner(cfg: Config) -> AVSRunner:
    """Build the runner of a config.

    On a machine without GPU a distributed launch uses gloo and data-parallel wrappers without device ids, which mmengine
    0.10 does not set up by itself; the number of CPU threads is taken from ``OMP_NUM_THREADS``, 1 if it is unset (several
    threads per process make a busy machine slower).

    Args:
        cfg: The config, with ``work_dir`` and ``launcher`` set.
    """
    if not torch.cuda.is_available():
        torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
        if cfg.get('launcher', 'none') != 'none':
            torch.distributed.init_process_group('gloo')
            cfg.model_wrapper_cfg = dict(
                type='MMDistributedDataParallel', device_ids=None, find_unused_parameters=False, broadcast_buffers=False
            )
    return AVSRunner.from_cfg(cfg)
