from types import SimpleNamespace

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from torch import nn
from toy_runs import assert_same_end, load, run_forked, toy_config, train

from mmavs.engine import FreezeHook, find_resume_checkpoint

FIRST = 'layers.0'


def runner(**kwargs):
    model = nn.Sequential()
    model.add_module('backbone', nn.Linear(2, 2))
    model.add_module('head', nn.Linear(2, 2))
    return SimpleNamespace(model=model, epoch=0, **kwargs)


def test_weights_stay_for_the_first_epochs_and_move_afterwards(tmp_path):
    hook = dict(type='FreezeHook', modules=[FIRST], epochs=2)
    cfg = toy_config(tmp_path, hooks=[hook])
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    assert run_forked(train, cfg) == 0
    states = [load(tmp_path / f'epoch_{i}.pth')['state_dict'] for i in (1, 2, 3)]
    frozen = [state[f'{FIRST}.weight'] for state in states]
    assert torch.equal(frozen[0], frozen[1])  # AdamW with weight decay: a zero gradient would not be enough
    assert not torch.equal(frozen[1], frozen[2])
    trained = [state['layers.3.weight'] for state in states]
    assert not torch.equal(trained[0], trained[1])


@pytest.mark.parametrize('stop', [5, 8], ids=['frozen', 'free'])
def test_a_resumed_run_freezes_as_if_it_had_never_stopped(tmp_path, stop):
    freeze = dict(type='FreezeHook', modules=[FIRST], epochs=2)
    assert run_forked(train, toy_config(tmp_path / 'whole', hooks=[freeze])) == 0
    kill = dict(type='KillHook', at_iter=stop)
    assert run_forked(train, toy_config(tmp_path / 'cut', hooks=[freeze, kill])) != 0
    assert find_resume_checkpoint(tmp_path / 'cut') is not None
    assert run_forked(train, toy_config(tmp_path / 'cut', hooks=[freeze]), True) == 0
    assert_same_end(load(tmp_path / 'whole' / 'epoch_4.pth'), load(tmp_path / 'cut' / 'epoch_4.pth'))


def test_what_the_model_keeps_frozen_is_never_freed():
    run = runner()
    run.model.backbone.bias.requires_grad_(False)
    hook = FreezeHook(['backbone'], 1)
    hook.before_train(run)
    hook.before_train_iter(run, 0)
    assert not run.model.backbone.weight.requires_grad
    assert run.model.head.weight.requires_grad
    run.epoch = 1
    hook.before_train_iter(run, 0)
    assert run.model.backbone.weight.requires_grad
    assert not run.model.backbone.bias.requires_grad


def test_batch_norms_of_a_frozen_module_go_on():
    run = runner()
    run.model.backbone = nn.BatchNorm1d(2)
    hook = FreezeHook(['backbone'], 1)
    hook.before_train(run)
    hook.before_train_iter(run, 0)
    before = run.model.backbone.running_mean.clone()
    run.model(torch.ones(3, 2))
    assert not torch.equal(run.model.backbone.running_mean, before)


def test_errors_name_module_and_option(monkeypatch):
    with pytest.raises(ValueError, match=r"no module 'bakbone'; its parts are \['backbone', 'head'\]"):
        FreezeHook(['bakbone'], 1).before_train(runner())
    with pytest.raises(ValueError, match='epochs must be positive'):
        FreezeHook(['backbone'], 0)
    with pytest.raises(ValueError, match='list of names'):
        FreezeHook('backbone', 1)
    run = runner()
    run.model.backbone.requires_grad_(False)
    with pytest.raises(ValueError, match='no parameter that is trained'):
        FreezeHook(['backbone'], 1).before_train(run)


@pytest.mark.parametrize('find_unused', [False, True])
def test_several_processes_need_unused_parameters_to_be_looked_for(find_unused, tmp_path):
    if not torch.distributed.is_gloo_available():
        pytest.skip('gloo is not built into this torch')
    torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        run = runner()
        run.model = MMDistributedDataParallel(run.model, find_unused_parameters=find_unused)
        hook = FreezeHook(['backbone'], 1)
        if not find_unused:
            with pytest.raises(ValueError, match='find_unused_parameters=True'):
                hook.before_train(run)
            return
        hook.before_train(run)
        for epoch in (0, 1):
            run.epoch = epoch
            hook.before_train_iter(run, 0)
            for _ in range(2):
                run.model.module.zero_grad()
                torch.nn.parallel.DistributedDataParallel.forward(run.model, torch.ones(1, 2)).sum().backward()
            assert (run.model.module.backbone.weight.grad is None) is (epoch == 0)
    finally:
        torch.distributed.destroy_process_group()
