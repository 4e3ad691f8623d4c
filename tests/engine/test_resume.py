import signal

import pytest
import torch
from toy_runs import assert_same_end, load, run_forked, toy_config, train

from mmavs.engine import find_resume_checkpoint

LAST = {True: 'epoch_4.pth', False: 'iter_12.pth'}


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    ends = {}
    for by_epoch in (True, False):
        work_dir = tmp_path_factory.mktemp('whole')
        assert run_forked(train, toy_config(work_dir, by_epoch)) == 0
        ends[by_epoch] = load(work_dir / LAST[by_epoch])
    return ends


# 12 clips in batches of 4: three iterations per epoch. Writes: the checkpoint of every epoch (or third iteration), and at a
# validation the best checkpoint and the last one again.
@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize(
    ('num_workers', 'kill'),
    [(2, dict(at_iter=7)), (0, dict(at_iter=7)), (0, dict(at_write=2)), (0, dict(at_write=3)), (0, dict(at_write=4))],
    ids=str,
)
def test_killed_and_resumed_run_ends_bit_for_bit_like_an_uninterrupted_one(
    tmp_path, uninterrupted, by_epoch, num_workers, kill
):
    hooks = [dict(type='KillHook', **kill)]
    assert run_forked(train, toy_config(tmp_path, by_epoch, num_workers, hooks=hooks)) == -signal.SIGKILL
    assert (
        find_resume_checkpoint(tmp_path) is not None
    )  # at_write=2 with max_keep_ckpts=1: the first must still be there
    assert run_forked(train, toy_config(tmp_path, by_epoch, num_workers), True) == 0
    assert_same_end(load(tmp_path / LAST[by_epoch]), uninterrupted[by_epoch])
    assert not list(tmp_path.glob('.*.partial'))


def test_mmengine_s_own_iteration_loop_resumes_exactly_too(tmp_path, uninterrupted):
    loop = dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=12, val_interval=6))
    hooks = [dict(type='KillHook', at_iter=7)]
    assert run_forked(train, toy_config(tmp_path, False, hooks=hooks, **loop)) == -signal.SIGKILL
    assert run_forked(train, toy_config(tmp_path, False, **loop), True) == 0
    assert_same_end(load(tmp_path / LAST[False]), uninterrupted[False])


def test_the_draws_do_depend_on_seed_epoch_and_place(tmp_path, uninterrupted):
    cfg = toy_config(tmp_path, randomness=dict(seed=6))
    assert run_forked(train, cfg) == 0
    assert not torch.equal(
        load(tmp_path / LAST[True])['state_dict']['layers.0.weight'],
        uninterrupted[True]['state_dict']['layers.0.weight'],
    )


def test_a_resumed_run_keeps_the_seed_of_its_checkpoint(tmp_path, uninterrupted):
    hooks = [dict(type='KillHook', at_iter=7)]
    assert run_forked(train, toy_config(tmp_path, hooks=hooks)) == -signal.SIGKILL
    assert run_forked(train, toy_config(tmp_path, randomness=dict(seed=77)), True) == 0
    assert_same_end(load(tmp_path / LAST[True]), uninterrupted[True])


def test_a_damaged_newest_checkpoint_is_passed_over_by_name(tmp_path, monkeypatch):
    assert run_forked(train, toy_config(tmp_path)) == 0
    good, bad = tmp_path / 'epoch_3.pth', tmp_path / 'epoch_4.pth'
    data = bad.read_bytes()
    good.write_bytes(data)
    bad.write_bytes(data[: len(data) // 2])
    lines = []
    monkeypatch.setattr('mmavs.engine.runner.print_log', lambda text, **_: lines.append(text))
    assert find_resume_checkpoint(tmp_path) == str(good)
    assert 'epoch_4.pth is not usable' in lines[0]
    assert find_resume_checkpoint(tmp_path / 'nothing') is None


def test_the_pointer_survives_a_move_and_beats_the_number(tmp_path):
    assert run_forked(train, toy_config(tmp_path / 'a')) == 0
    moved = (tmp_path / 'a').rename(tmp_path / 'b')
    (moved / 'epoch_30.pth').write_bytes((moved / 'epoch_4.pth').read_bytes())  # left over from an older, longer run
    assert find_resume_checkpoint(moved) == str(moved / 'epoch_4.pth')


def test_resuming_elsewhere_leaves_the_best_checkpoint_of_the_first_run_alone(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    assert run_forked(train, toy_config(first)) == 0
    best = sorted(path.name for path in first.glob('best_*'))
    assert len(best) == 1
    cfg = toy_config(second, train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1))
    cfg.load_from, cfg.resume = str(first / 'epoch_4.pth'), True
    assert run_forked(train, cfg) == 0
    assert len(list(second.glob('best_*'))) == 1, (
        'the second run must have found a better one for this test to mean anything'
    )
    assert sorted(path.name for path in first.glob('best_*')) == best
