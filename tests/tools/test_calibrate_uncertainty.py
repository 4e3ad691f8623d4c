import json
import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config

from mmavs.apis import init_model

sys.path.insert(0, str(Path(__file__).parents[1] / 'engine'))

from toy_runs import run_tool


@pytest.fixture
def run(tmp_path):
    """Config and checkpoint of an untrained network, and a function that runs the tool on them."""
    head = dict(type='UncertaintyDecodeHead', channels=4, uncertainty=dict(type='EntropyBranch'))
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    cfg = Config(
        dict(
            default_scope='mmavs',
            custom_imports=dict(imports=['tiny_avs']),
            model=dict(
                type='AVSegmentor',
                backbone=dict(type='TinyStages'),
                audio_backbone=dict(type='AudioCNN'),
                neck=dict(type='IdentityNeck', in_channels=(4,), channels=4),
                decode_head=head,
            ),
            val_dataloader=dict(loader, dataset=dict(type='BrightClips')),
        )
    )
    cfg.dump(tmp_path / 'toy.py')
    torch.manual_seed(1)
    model = init_model(Config.fromfile(tmp_path / 'toy.py'))
    torch.save(dict(meta=dict(epoch=3), state_dict=model.state_dict()), tmp_path / 'in.pth')

    def call(*args):
        return run_tool(
            'calibrate_uncertainty.py',
            tmp_path / 'toy.py',
            tmp_path / 'in.pth',
            tmp_path / 'deep' / 'out.pth',
            *args,
            log=tmp_path / 'log',
        )

    return call


def test_writes_a_checkpoint_in_which_only_the_combination_differs(run, tmp_path):
    code, text = run('--figures', tmp_path / 'figures.json')
    assert code == 0, text
    report = json.loads((tmp_path / 'figures.json').read_text())
    assert report['combined']['J_frame'] >= report['plain']['J_frame']
    assert report['combined']['FPR'] <= report['plain']['FPR']
    assert '| mask alone |' in text
    before = torch.load(tmp_path / 'in.pth', weights_only=True)['state_dict']
    after = torch.load(tmp_path / 'deep' / 'out.pth', weights_only=True)
    assert after['meta']['epoch'] == 3
    assert after['meta']['calibration'] == report
    changed = {name for name, value in after['state_dict'].items() if not torch.equal(value, before[name])}
    assert changed <= {'decode_head.combination.strength', 'decode_head.combination.pivot'}
    model = init_model(Config.fromfile(tmp_path / 'toy.py'), str(tmp_path / 'deep' / 'out.pth'))
    assert model.decode_head.combination.strength.item() == pytest.approx(report['values']['strength'])


def test_one_checkpoint_serves_for_every_combination(run, tmp_path):
    for name in ('ProductCombination', 'TemperatureCombination'):
        code, text = run('--cfg-options', f'+model.decode_head.combination.type={name}')
        assert code == 0, text
        cfg = Config.fromfile(tmp_path / 'toy.py')
        cfg.model.decode_head.combination = dict(type=name)
        init_model(cfg, str(tmp_path / 'deep' / 'out.pth'))


def test_errors_are_one_message(run):
    code, text = run(
        '--cfg-options', 'model.decode_head.channels=4', 'model.decode_head.uncertainty.type=DirichletBranch'
    )
    assert code == 1
    assert "missing ['decode_head.uncertainty_branch." in text
    code, text = run('--cfg-options', 'val_dataloader=None')
    assert code == 1
    assert 'has no val_dataloader' in text
    assert 'Traceback' not in text
