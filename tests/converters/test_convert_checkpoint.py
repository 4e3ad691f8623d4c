import runpy
import sys
from pathlib import Path

import pytest
import torch

from mmavs.apis import get_config, init_model
from mmavs.converters import CONVERTERS, convert_file
from mmavs.models.audio_backbones import VGGish
from mmavs.testing.golden import GoldenCase

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Official-looking TPAVI (``module.`` in front, inside ``model``) and VGGish files."""
    folder = tmp_path_factory.mktemp('official')
    entries = GoldenCase.load(ROOT / 'tests' / 'data' / 'golden' / 'tpavi_r50_ms3.json').manifest['state_dict']
    generator = torch.Generator().manual_seed(0)
    weights = {
        f'module.{name}': torch.randn(shape, generator=generator) if dtype == 'float32' else torch.zeros(()).long()
        for name, shape, dtype in entries
    }
    torch.save(dict(model=weights, epoch=29), folder / 'tpavi.pth')
    torch.save(VGGish().state_dict(), folder / 'vggish.pth')
    return folder


def run(monkeypatch, *argv):
    script = ROOT / 'tools' / 'model_converters' / 'convert_checkpoint.py'
    monkeypatch.setattr(sys, 'argv', [str(script), *map(str, argv)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(script), run_name='__main__')
    return stop.value.code


def test_with_vggish_the_checkpoint_is_a_whole_model(files, tmp_path, monkeypatch, capsys):
    target = tmp_path / 'new' / 'tpavi.pth'
    assert run(monkeypatch, 'tpavi', files / 'tpavi.pth', target, '--vggish', files / 'vggish.pth') == 0
    text = capsys.readouterr().out
    assert 'mapped   resnet.layer3_1.0.conv1.weight -> backbone.body.layer3.0.conv1.weight' in text
    assert 'dropped  path4.resConfUnit1.conv1.weight  (first unit of the coarsest level' in text
    assert ', 0 missing' in text
    model = init_model(get_config('tpavi/tpavi_r50_ms3.py'), str(target))
    official = torch.load(files / 'vggish.pth', weights_only=True)
    assert torch.equal(model.audio_backbone.features[0].weight, official['features.0.weight'])
    meta = torch.load(target, weights_only=True)['meta']
    assert meta['backbone'] == 'resnet'
    assert meta['num_classes'] == 1
    assert meta['converted_from'] == ['tpavi.pth', 'vggish.pth']


def test_without_vggish_the_tool_says_what_is_left(files, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, 'tpavi', files / 'tpavi.pth', tmp_path / 'out.pth') == 0
    assert 'holds no audio backbone; add --vggish' in capsys.readouterr().out


def test_a_refused_source_is_one_line_and_leaves_no_file(files, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, 'tpavi', files / 'vggish.pth', tmp_path / 'out.pth') == 1
    assert 'error: this is no TPAVI checkpoint' in capsys.readouterr().err
    assert run(monkeypatch, 'tpavi', tmp_path / 'none.pth', tmp_path / 'out.pth') == 1
    assert 'none.pth does not exist' in capsys.readouterr().err
    assert not (tmp_path / 'out.pth').exists()


def test_the_official_file_is_never_overwritten(files):
    with pytest.raises(ValueError, match='is the official file itself'):
        convert_file(CONVERTERS['vggish'], files / 'vggish.pth', files / 'vggish.pth')


def test_two_keys_for_one_place_are_refused():
    weights = VGGish().state_dict()
    weights['vggish.features.0.bias'] = weights['features.0.bias']
    with pytest.raises(ValueError, match=r'vggish.features.0.bias \(renamed features.0.bias, as another key\)'):
        CONVERTERS['vggish'].convert(weights)


def test_a_file_without_a_state_dict_is_named(tmp_path):
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match=r'list\.pth: a state dict is a dict of tensors, but the file holds a list'):
        convert_file(CONVERTERS['vggish'], tmp_path / 'list.pth', tmp_path / 'out.pth')
