import pytest
import torch
from toy_runs import run_forked, toy_config, train

from mmavs.engine import build_runner


def test_missing_data_is_the_first_error():
    cfg = toy_config('unused', model=dict(type='NoSuchModel'))
    cfg.val_dataloader.dataset.root = '/no/such/folder'
    cfg.custom_imports = None
    import toy_avs  # noqa: F401

    with pytest.raises(FileNotFoundError, match='ToyClips needs the folder'):
        build_runner(cfg)


def test_stage_and_launcher_are_checked():
    with pytest.raises(ValueError, match=r"stage must be one of \['test', 'train'\], got 'val'"):
        build_runner(toy_config('unused'), 'val')


@pytest.mark.skipif(torch.cuda.is_available(), reason='the launcher works with GPUs')
def test_a_gpu_launcher_is_refused_on_cpu():
    import toy_avs  # noqa: F401

    with pytest.raises(ValueError, match="launcher 'slurm' needs GPUs"):
        build_runner(toy_config('unused', launcher='slurm'))


def test_weights_of_another_model_are_refused_with_the_keys(tmp_path):
    assert run_forked(train, toy_config(tmp_path / 'a')) == 0
    cfg = toy_config(tmp_path / 'b', model=dict(type='ToyModel', width=5), load_from=str(tmp_path / 'a/epoch_4.pth'))
    log = tmp_path / 'log'
    assert run_forked(train, cfg, log=log) == 1
    assert 'does not belong to this model' in log.read_text()
    assert 'layers.0.weight' in log.read_text()


def test_parts_named_as_fresh_may_differ_and_no_others(tmp_path):
    assert run_forked(train, toy_config(tmp_path / 'a')) == 0
    wider = dict(model=dict(type='ToyModel', width=5), load_from=str(tmp_path / 'a/epoch_4.pth'))
    log = tmp_path / 'log'
    assert run_forked(train, toy_config(tmp_path / 'b', **wider, load_fresh=('layers.',)), log=log) == 0
    assert "as initialised: ['layers.']" in log.read_text()
    assert run_forked(train, toy_config(tmp_path / 'c', **wider, load_fresh=('layers.0.',)), log=log) == 1
    assert 'does not belong to this model' in log.read_text()


def test_weights_alone_cannot_be_resumed(tmp_path):
    torch.save({'state_dict': {}}, tmp_path / 'weights.pth')
    cfg = toy_config(tmp_path / 'run', load_from=str(tmp_path / 'weights.pth'), resume=True)
    assert run_forked(train, cfg, log=tmp_path / 'log') == 1
    assert 'it cannot be resumed' in (tmp_path / 'log').read_text()


def test_the_iteration_loop_names_the_sampler_it_needs(tmp_path):
    cfg = toy_config(tmp_path / 'run', False)
    cfg.train_dataloader.sampler.type = 'DefaultSampler'
    assert run_forked(train, cfg, log=tmp_path / 'log') == 1
    assert 'InfiniteSampler' in (tmp_path / 'log').read_text()
