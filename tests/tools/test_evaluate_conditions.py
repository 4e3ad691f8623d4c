import importlib
import json
import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config

from mmavs.apis import init_model
from mmavs.evaluation.functional import g_scores

sys.path.insert(0, str(Path(__file__).parents[1] / 'engine'))
sys.path.insert(0, str(Path(__file__).parents[1] / 'datasets'))

from layouts import make_s4
from toy_runs import run_tool


@pytest.fixture
def run(tmp_path):
    """An untrained network on a tiny S4 without conditions and without the robust metric; a function that runs the tool."""
    root = make_s4(tmp_path, splits=('test',), clips=1)
    pipeline = [
        dict(type=name) for name in ('LoadClipFrames', 'LoadClipMasks', 'LoadAudio', 'VGGishLogMel', 'PackAVSInputs')
    ]
    cfg = Config(
        dict(
            default_scope='mmavs',
            custom_imports=dict(imports=['tiny_avs']),
            model=dict(
                type='AVSegmentor',
                backbone=dict(type='TinyStages'),
                audio_backbone=dict(type='AudioCNN'),
                neck=dict(type='ChannelGateNeck', in_channels=(4,), channels=4, stages=(0,)),
                decode_head=dict(type='UncertaintyDecodeHead', channels=4),
            ),
            test_dataloader=dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(type='AVSBenchS4Dataset', data_root=str(root), split='test', pipeline=pipeline),
            ),
            test_evaluator=dict(type='BinaryAVSMetric'),
        )
    )
    cfg.dump(tmp_path / 'toy.py')
    for seed in (1, 2):
        torch.manual_seed(seed)
        model = init_model(Config.fromfile(tmp_path / 'toy.py'))
        torch.save(dict(state_dict=model.state_dict()), tmp_path / f'{seed}.pth')

    def call(*args):
        return run_tool('evaluate_conditions.py', tmp_path / 'toy.py', tmp_path / '1.pth', *args, log=tmp_path / 'log')

    return call


def rows(text):
    return {line.split('|')[1].strip(): line for line in text.splitlines() if line.startswith('| ')}


def test_a_config_without_conditions_gets_those_of_avsbench_robust(run, tmp_path):
    code, text = run('--out', tmp_path / 'out.json')
    assert code == 0, text
    results = json.loads((tmp_path / 'out.json').read_text())
    names = ['matched', 'silence', 'noise', 'offscreen']
    assert list(results) == [*names, 'G_harmonic']
    want = g_scores(
        results['matched'],
        [results[name] for name in names[1:]],
        j_key='avs/J_frame',
        f_key='avs/F_max_exact',
        fpr_key='avs/FPR_area',
    )
    assert results['G_harmonic'] == pytest.approx({f'avs/{key}': value for key, value in want.items()})
    assert f'{want["G_mIoU"]:.3f}' in rows(text)['G_harmonic']


def test_several_models_stand_side_by_side(run, tmp_path):
    also = ('--name', 'one', '--also', 'two', tmp_path / 'toy.py', tmp_path / '2.pth')
    code, text = run('--negatives', 'official', '--mean', 'geometric', *also, '--out', tmp_path / 'out.json')
    assert code == 0, text
    header = '| condition | one mIoU_original | one F_max_exact | one FPR_area | two mIoU_original | two F_max_exact | '
    assert header in text
    results = json.loads((tmp_path / 'out.json').read_text())
    cells = [cell.strip() for cell in rows(text)['noise_official'].strip('|').split('|')]
    assert cells[1] == f'{results["one"]["noise_official"]["avs/mIoU_original"]:.3f}'
    assert cells[4] == f'{results["two"]["noise_official"]["avs/mIoU_original"]:.3f}'
    assert results['one']['noise_official'] != results['two']['noise_official']
    assert 'G_geometric_official' in rows(text)


def test_errors_are_one_message(run, tmp_path):
    code, text = run('--also', 'model', tmp_path / 'toy.py', tmp_path / '2.pth')
    assert code == 1
    assert 'needs a name of its own' in text
    assert 'Traceback' not in text
    code, text = run('--max-clips', '1')
    assert code == 2
    assert 'belongs to --negatives' in text


def test_table_of_a_data_set_with_classes_shows_what_was_measured(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / 'tools'))
    tool = importlib.import_module('evaluate_conditions')
    measured = {'avs/mIoU_dataset': 0.5, 'avs/JF_beta': 0.6, 'avs/mIoU_original': 0.7, 'avs/FPR_area': 0.1}
    g_row = {'avs/G_mIoU': 0.25, 'avs/G_FPR': 0.2}
    text = tool.table({'model': {'matched': measured, 'G_harmonic': g_row}}, None)
    assert text.splitlines()[0] == '| condition | mIoU_dataset | JF_beta | mIoU_original | FPR_area |'
    assert '| matched | 0.500 | 0.600 | 0.700 | 0.100 |' in text
    assert '| G_harmonic | – | – | 0.250 | 0.200 |' in text
    several = tool.table({'one': {'matched': measured}, 'two': {'matched': measured}}, None)
    assert 'F_max_exact' not in several
    assert 'two mIoU_original' in several
    assert tool.table({'model': {'matched': measured}}, ['avs/J_frame']).splitlines()[0] == '| condition | J_frame |'
