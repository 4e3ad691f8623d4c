from pathlib import Path

import pytest
import torch
from torch import nn

from mmavs.converters import CONVERTERS, Converter, convert_file
from mmavs.models.audio_backbones import VGGish
from mmavs.testing.golden import GoldenCase

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


@pytest.fixture(scope='module')
def official():
    """An official TPAVI state dict, all zeros."""
    entries = GoldenCase.load(GOLDEN / 'tpavi_r50_ms3.json').manifest['state_dict']
    return {name: torch.zeros(shape, dtype=getattr(torch, dtype)) for name, shape, dtype in entries}


def test_every_key_is_mapped_or_dropped_with_a_reason(official):
    state_dict, report = CONVERTERS['tpavi'].convert(official)
    assert report.missing == []
    assert set(report.mapped) | set(report.dropped) == set(official)
    assert set(report.mapped.values()) == set(state_dict)
    assert all(n.startswith(('resnet.layer3_2', 'resnet.layer4_2', 'path4.resConfUnit1')) for n in report.dropped)
    assert f'{len(report.mapped)} mapped, {len(report.dropped)} dropped, 0 missing' in report.text()


@pytest.mark.parametrize('wrap', ['plain', 'module', 'state_dict', 'model'])
def test_prefixes_and_wrappers_are_undone(tmp_path, wrap):
    weights = VGGish().state_dict()
    if wrap == 'module':
        stored = {f'module.{k}': v for k, v in weights.items()}
    else:
        stored = weights if wrap == 'plain' else {wrap: weights, 'epoch': 3}
    torch.save(stored, tmp_path / 'in.pth')
    report = convert_file(CONVERTERS['vggish'], tmp_path / 'in.pth', tmp_path / 'out' / 'out.pth')
    assert len(report.mapped) == 18
    out = torch.load(tmp_path / 'out' / 'out.pth', weights_only=True)
    assert all(torch.equal(out['state_dict'][k], v) for k, v in weights.items())


def test_an_audio_backbone_inside_the_file_is_not_replaced_by_another(tmp_path):
    class Whole(Converter):
        def build_target(self, source):
            return nn.ModuleDict(dict(audio_backbone=nn.Linear(2, 2)))

    torch.save(Whole().build_target({}).state_dict(), tmp_path / 'in.pth')
    torch.save(VGGish().state_dict(), tmp_path / 'vggish.pth')
    audio = (CONVERTERS['vggish'], tmp_path / 'vggish.pth')
    with pytest.raises(ValueError, match=r'in\.pth holds its audio backbone already; convert it without vggish\.pth'):
        convert_file(Whole(), tmp_path / 'in.pth', tmp_path / 'out.pth', audio=audio)
    assert not (tmp_path / 'out.pth').exists()


def test_a_shape_that_does_not_fit_names_key_and_shapes(official):
    changed = {**official, 'path1.resConfUnit1.conv1.weight': torch.zeros(256, 128, 3, 3)}
    with pytest.raises(
        ValueError, match=r'path1.resConfUnit1.conv1.weight \(256, 128, 3, 3\), the model has .*\(256, 256'
    ):
        CONVERTERS['tpavi'].convert(changed)


def test_missing_keys_are_reported(official):
    reduced = {k: v for k, v in official.items() if k != 'path2.resConfUnit2.conv1.bias'}
    _, report = CONVERTERS['tpavi'].convert(reduced)
    assert report.missing == ['decode_head.refine.1.conv1.bias']


def test_another_model_is_refused(official):
    with pytest.raises(ValueError, match='this is no TPAVI checkpoint'):
        CONVERTERS['tpavi'].convert(VGGish().state_dict())
    with pytest.raises(ValueError, match='belong to another model'):
        CONVERTERS['tpavi'].convert({**official, 'transformer.x': torch.zeros(1)})


def test_code_in_a_file_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / 'ran',))

    torch.save({'a': Bomb()}, tmp_path / 'bomb.pth')
    with pytest.raises(ValueError, match='cannot be loaded safely'):
        convert_file(CONVERTERS['vggish'], tmp_path / 'bomb.pth', tmp_path / 'out.pth')
    assert not (tmp_path / 'ran').exists()
    assert not (tmp_path / 'out.pth').exists()
