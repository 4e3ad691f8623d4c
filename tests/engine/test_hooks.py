from types import SimpleNamespace

import numpy as np
import pytest
import torch
from toy_runs import run_forked, toy_config, train

from mmavs.engine import BF16OptimWrapper, FiniteLossHook
from mmavs.engine.hooks.plain_checkpoint_hook import to_plain
from mmavs.structures import AVSDataSample

RUNNER = SimpleNamespace(iter=4)


def batch(*values):
    samples = [AVSDataSample(metainfo=dict(clip_id=f'clip{i}')) for i in range(len(values))]
    return dict(inputs=dict(audio=[torch.tensor(value) for value in values]), data_samples=samples)


def test_a_batch_with_nan_is_refused_with_its_clips():
    hook = FiniteLossHook()
    hook.before_train_iter(RUNNER, 0, batch([1.0], [2.0]))
    hook.before_train_iter(RUNNER, 0, batch([1, 2]))
    with pytest.raises(FloatingPointError, match=r"iteration 5: inputs\['audio'\]\[1\].*'clip0', 'clip1'.*1 values"):
        hook.before_train_iter(RUNNER, 0, batch([1.0], [float('nan')]))


@pytest.mark.parametrize('value', [float('nan'), float('inf'), torch.tensor(float('nan'))])
def test_a_loss_that_is_not_finite_stops_with_the_clips(value):
    hook = FiniteLossHook()
    hook.after_train_iter(RUNNER, 0, batch([1.0]), dict(loss=torch.tensor(1.0), acc=float('nan')))
    with pytest.raises(FloatingPointError, match=r"loss_mask.*clips \['clip0'\]"):
        hook.after_train_iter(RUNNER, 0, batch([1.0]), dict(loss=torch.tensor(1.0), loss_mask=value))


def test_training_stops_before_a_poisoned_checkpoint_is_written(tmp_path):
    cfg = toy_config(tmp_path / 'run', test_length=3)
    cfg.train_dataloader.dataset.nan_at = 11
    log = tmp_path / 'log'
    assert run_forked(train, cfg, log=log) == 1
    assert 'FloatingPointError' in log.read_text()
    assert "'clip11'" in log.read_text()
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_plain_values_load_with_weights_only(tmp_path):
    value = to_plain(
        {'a': np.float32(1.5), 'b': [np.arange(3), (np.int64(2), 'x')], 'c': np.array(['p', 'q']), 'd': None}
    )
    torch.save(value, tmp_path / 'x.pth')
    back = torch.load(tmp_path / 'x.pth', weights_only=True)
    assert back['a'] == 1.5
    assert back['b'][0].tolist() == [0, 1, 2]
    assert back['b'][1] == (2, 'x')
    assert back['c'] == ['p', 'q']


def test_an_object_in_a_checkpoint_is_named_when_it_is_saved():
    with pytest.raises(TypeError, match=r"meta\['tool'\]\[1\] is a SimpleNamespace"):
        to_plain({'tool': [1, RUNNER]}, 'meta')


def test_checkpoints_are_plain_and_the_old_ones_go(tmp_path):
    assert run_forked(train, toy_config(tmp_path)) == 0
    names = sorted(path.name for path in tmp_path.glob('*.pth'))
    assert len(names) == 2
    assert names[1] == 'epoch_4.pth'
    assert names[0].startswith('best_avs_J_frame_epoch_')
    for name in names:
        torch.load(tmp_path / name, weights_only=True)


def test_an_unknown_best_metric_is_named(tmp_path):
    cfg = toy_config(tmp_path / 'run')
    cfg.default_hooks.checkpoint.save_best = 'avs/J'
    assert run_forked(train, cfg, log=tmp_path / 'log') == 1
    assert "save_best='avs/J' is not among the metrics of the validation: ['avs/J_frame', 'avs/count']" in (
        (tmp_path / 'log').read_text()
    )


def test_bf16_wrapper_computes_in_bf16_and_keeps_fp32_weights():
    model = torch.nn.Linear(4, 4)
    wrapper = BF16OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    with wrapper.optim_context(model):
        out = model(torch.ones(2, 4))
    assert out.dtype == torch.bfloat16
    before = model.weight.detach().clone()
    wrapper.update_params(out.float().sum())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)
