"""Configs of toy runs, and a way to run something in a process of its own that costs no second start of Python."""

import multiprocessing
import os
import runpy
import sys
import time
from pathlib import Path

import matplotlib.pyplot  # noqa: F401  (here and below: what every run imports is imported once, before the forks)
import pkg_resources  # noqa: F401
import setuptools.dist  # noqa: F401
import torch
import yapf  # noqa: F401
from mmengine import Config

import mmavs.engine
import mmavs.models  # noqa: F401

TOOLS = Path(__file__).parents[2] / 'tools'


def toy_config(work_dir, by_epoch=True, num_workers=0, batch_size=4, test_length=7, hooks=(), **overrides):
    sampler = dict(type='DefaultSampler' if by_epoch else 'InfiniteSampler', shuffle=True)
    loader = dict(
        dataset=dict(type='ToyClips', root=None, nan_at=None),
        sampler=sampler,
        batch_size=batch_size,
        num_workers=num_workers,
    )
    if num_workers:
        loader['persistent_workers'] = True
    test_loader = dict(
        dataset=dict(type='ToyClips', length=test_length, noise=0.0, root=None),
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_size=1,  # of a larger batch, rounding depends on which clips share it
        num_workers=0,
    )
    if by_epoch:
        train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4, val_interval=2)
        scheduler = dict(type='StepLR', step_size=1, gamma=0.9)
    else:
        train_cfg = dict(type='ResumableIterTrainLoop', max_iters=12, val_interval=6)
        scheduler = dict(type='StepLR', step_size=2, gamma=0.9, by_epoch=False)
    checkpoint = dict(interval=1 if by_epoch else 3, by_epoch=by_epoch, max_keep_ckpts=1)
    cfg = dict(
        default_scope='mmavs',
        custom_imports=dict(imports=['toy_avs']),
        model=dict(type='ToyModel'),
        train_dataloader=loader,
        val_dataloader=test_loader,
        test_dataloader=test_loader,
        val_evaluator=[dict(type='ToyMetric')],
        test_evaluator=[dict(type='ToyMetric')],
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.05)),
        param_scheduler=[scheduler],
        train_cfg=train_cfg,
        val_cfg=dict(type='ValLoop'),
        test_cfg=dict(type='TestLoop'),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=100),
            checkpoint=dict(type='PlainCheckpointHook', save_best='avs/J_frame', rule='greater', **checkpoint),
        ),
        custom_hooks=list(hooks),
        log_processor=dict(by_epoch=by_epoch),
        randomness=dict(seed=5),
        work_dir=str(work_dir),
    )
    return Config({**cfg, **overrides})


def run_forked(function, *args, env=None, log=None, timeout=120):
    """Run ``function(*args)`` in a forked process; return its exit code, negative for a signal."""
    process = start_forked(function, *args, env=env, log=log)
    return wait_for(process, timeout)


def wait_for(process, timeout=120):
    """Return the exit code; ``join`` would also wait for data loader workers that a killed process has left behind."""
    end = time.monotonic() + timeout
    while process.exitcode is None:
        if time.monotonic() > end:
            process.kill()
            raise TimeoutError(f'{process} took more than {timeout} s')
        time.sleep(0.02)
    return process.exitcode


def start_forked(function, *args, env=None, log=None):
    process = multiprocessing.get_context('fork').Process(target=_child, args=(function, args, env or {}, log))
    process.start()
    return process


def _child(function, args, env, log):
    torch.set_num_threads(1)
    os.environ.update({'OMP_NUM_THREADS': '1', **env})
    sys.path.insert(0, str(Path(__file__).parent))
    if log is not None:
        file = open(log, 'a', buffering=1)  # noqa: SIM115  (stays open until the process ends)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
    function(*args)


def train(cfg, resume=False):
    """Train a config, as ``tools/train.py`` does; call it in a forked process."""
    import toy_avs  # noqa: F401

    from mmavs.engine import build_runner, find_resume_checkpoint

    if resume:
        cfg.load_from, cfg.resume = find_resume_checkpoint(cfg.work_dir), True
    build_runner(cfg).train()


def run_tool(name, *args, **kwargs):
    """Run ``tools/NAME`` in a forked process with a command line; return the exit code and what it printed."""
    log = Path(kwargs.pop('log'))
    process = start_tool(name, *args, log=log, **kwargs)
    return wait_for(process), log.read_text()


def start_tool(name, *args, log, env=None, cwd=None):
    def main():
        sys.argv = [str(TOOLS / name), *map(str, args)]
        if cwd is not None:
            os.chdir(cwd)
        runpy.run_path(str(TOOLS / name), run_name='__main__')

    return start_forked(main, env=env, log=log)


def load(path):
    return torch.load(path, weights_only=True)


def assert_same_end(one, other):
    assert one['state_dict'].keys() == other['state_dict'].keys()
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name]), name
    for index, state in one['optimizer']['state'].items():
        for name, value in state.items():
            assert torch.equal(value, other['optimizer']['state'][index][name]), name
    assert one['param_schedulers'] == other['param_schedulers']
