"""The runner: mmengine's, with exact resume, atomic checkpoints, strict loading and a process group that works on CPU."""

import os
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from mmavs.compat import load_file_safely
from mmavs.registry import DATASETS

from .data_stream import StreamDataset, StreamSampler
from .hooks.plain_checkpoint_hook import PARTIAL_SUFFIX

STAGES = {'train': ('train_dataloader', 'val_dataloader'), 'test': ('test_dataloader',)}


class AVSRunner(Runner):
    """mmengine's ``Runner`` with four guarantees.

    A run that is killed and resumed ends with the same weights as one that was not: the draws of every sample and every step
    depend on (seed, place) only. A checkpoint appears under its name only when it is complete. Weights are loaded strictly,
    and a checkpoint of another model is an error that lists the keys. Training stops at a loss that is not finite.

    The hooks behind the first and the last are default hooks, ``step_seed`` and ``finite_loss``; as with mmengine's own,
    ``default_hooks=dict(finite_loss=None)`` takes one out.
    """

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a loader whose samples draw their transforms from (seed, epoch, place).

        Raises:
            TypeError: The sampler is an object and not a config.
        """
        if isinstance(dataloader, DataLoader):
            return dataloader
        if not isinstance(dataloader.get('sampler'), dict):
            raise TypeError(f'a dataloader needs a config as sampler, got {type(dataloader.get("sampler")).__name__}')
        cfg = dict(dataloader)
        cfg['dataset'] = StreamDataset(open_dataset(cfg['dataset']))
        cfg['sampler'] = dict(type=StreamSampler, sampler=cfg['sampler'])
        return Runner.build_dataloader(cfg, seed=seed, diff_rank_seed=diff_rank_seed)

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """Register mmengine's default hooks and those of mmavs."""
        own = dict(
            finite_loss=dict(type='mmavs.FiniteLossHook'),
            step_seed=dict(type='mmavs.StepSeedHook'),
            checkpoint=dict(type='mmavs.PlainCheckpointHook', interval=1),
        )
        super().register_default_hooks({**own, **(hooks or {})})

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """Write ``out_dir/filename`` through a temporary file, so that a kill leaves the old one or the new one."""
        partial = f'.{filename}{PARTIAL_SUFFIX}'
        super().save_checkpoint(out_dir, partial, *args, **kwargs)
        if is_main_process():
            os.replace(Path(out_dir) / partial, Path(out_dir) / filename)

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu', strict: bool = True, **kwargs: Any) -> dict:
        """Load weights; every key must fit.

        Weights to start from (``load_from``) may belong to a model of which some parts differ, if the config names them:
        ``load_fresh=('temporal.', ...)`` leaves every key with such a beginning as it was initialised.

        Raises:
            ValueError: The checkpoint belongs to another model.
        """
        fresh = tuple(self.cfg.get('load_fresh', ()))
        if fresh and filename == self._load_from and not self._resume:
            return self._load_all_but(filename, fresh)
        try:
            return super().load_checkpoint(filename, map_location=map_location, strict=strict, **kwargs)
        except RuntimeError as error:
            raise ValueError(f'checkpoint {filename} does not belong to this model: {error}') from error

    def _load_all_but(self, filename: str, fresh: tuple[str, ...]) -> dict:
        """Load the weights whose names do not begin with one of ``fresh``."""
        checkpoint = load_file_safely(filename, map_location='cpu')
        weights = {k: v for k, v in checkpoint['state_dict'].items() if not k.startswith(fresh)}
        model = self.model.module if is_model_wrapper(self.model) else self.model
        try:
            keys = model.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise ValueError(f'checkpoint {filename} does not belong to this model: {error}') from error
        missing = [k for k in keys.missing_keys if not k.startswith(fresh)]
        if missing or keys.unexpected_keys:
            raise ValueError(
                f'checkpoint {filename} does not belong to this model: missing {missing}, unexpected '
                f'{keys.unexpected_keys}; load_fresh excuses {list(fresh)} only'
            )
        print_log(f'loaded {len(weights)} tensors of {filename}; as initialised: {list(fresh)}', 'current')
        return checkpoint

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Resume; the seed of the checkpoint goes on to be used.

        Raises:
            ValueError: The file holds weights only.
        """
        checkpoint = load_file_safely(filename, map_location='cpu')
        missing = [key for key in ('meta', 'message_hub', 'optimizer') if key not in checkpoint]
        if missing:
            raise ValueError(f'{filename} has no {missing}: it cannot be resumed; use it as weights with load_from')
        super().resume(filename, *args, **kwargs)
        sampler = self.train_dataloader.sampler
        if isinstance(sampler, StreamSampler):
            sampler.seed = self.seed


def open_dataset(dataset: Dataset | dict) -> Dataset:
    """Build a data set, if it is not built already, and read its index."""
    if isinstance(dataset, dict):
        dataset = DATASETS.build(dataset)
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
    return dataset


def find_resume_checkpoint(work_dir: str | Path) -> str | None:
    """Return the newest complete ``epoch_*.pth`` or ``iter_*.pth`` of a work dir, ``None`` if there is none.

    The one that ``last_checkpoint`` names comes first (by file name, so that the folder may have been moved), then the others
    by time. A damaged file (a disk that was full, say) is named in the log and passed over.
    """
    work_dir = Path(work_dir)
    found = [p for kind in ('epoch', 'iter') for p in work_dir.glob(f'{kind}_*.pth') if p.stem.split('_')[1].isdigit()]
    pointer = work_dir / 'last_checkpoint'
    last = Path(pointer.read_text().strip() or '-').name if pointer.is_file() else ''
    for path in sorted(
        found, key=lambda p: (p.name == last, p.stat().st_mtime_ns, int(p.stem.split('_')[1])), reverse=True
    ):
        try:
            load_file_safely(str(path), map_location='cpu')
        except ValueError as error:
            print_log(f'{path} is not usable, trying the one before: {error}', logger='current', level=30)
            continue
        return str(path)
    return None


def build_runner(cfg: Config, stage: str = 'train') -> AVSRunner:
    """Build the runner of a config.

    The data sets of the stage are opened first: where data is missing, that is the error, before any weight is downloaded.

    On a machine without GPU a distributed launch uses gloo and data-parallel wrappers without device ids, which mmengine
    0.10 does not set up by itself. The number of CPU threads is ``OMP_NUM_THREADS``, else ``env_cfg.num_threads``, else 1
    (several threads per process make a busy machine slower).

    Args:
        cfg: The config, with ``work_dir`` and ``launcher`` set.
        stage: ``'train'`` or ``'test'``.

    Raises:
        ValueError: An unknown stage, or a launcher that works with GPUs only.
    """
    if stage not in STAGES:
        raise ValueError(f'stage must be one of {sorted(STAGES)}, got {stage!r}')
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    loaders = {name: cfg[name] for name in STAGES[stage] if cfg.get(name) is not None}
    loaders = {name: dict(loader, dataset=open_dataset(loader['dataset'])) for name, loader in loaders.items()}
    if not torch.cuda.is_available():
        _set_up_cpu(cfg)
    runner = AVSRunner.from_cfg(cfg)
    for name, loader in loaders.items():
        setattr(runner, f'_{name}', loader)  # the same loader with its data set built; runner.cfg keeps the config
    return runner


def _set_up_cpu(cfg: Config) -> None:
    if 'OMP_NUM_THREADS' not in os.environ:
        torch.set_num_threads(cfg.get('env_cfg', {}).get('num_threads', 1))
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none':
        return
    if launcher != 'pytorch':
        raise ValueError(
            f'launcher {launcher!r} needs GPUs; on CPU use tools/dist_train.sh or tools/dist_test.sh (torchrun)'
        )
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = {
        'type': 'mmengine.MMDistributedDataParallel',
        'broadcast_buffers': False,
        **cfg.get('model_wrapper_cfg', {}),
        'device_ids': None,
    }
