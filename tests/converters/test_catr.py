from pathlib import Path

import pytest
import torch

from mmavs.converters import CONVERTERS
from mmavs.testing.golden import GoldenCase

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


def named(case):
    entries = GoldenCase.load(GOLDEN / f'{case}.json').manifest['state_dict']
    return {name: torch.empty(shape, dtype=getattr(torch, dtype), device='meta') for name, shape, dtype in entries}


@pytest.fixture
def official():
    """The names and shapes of a released checkpoint."""
    return named('catr_pvt_ms3')


def test_every_key_is_mapped_or_dropped_with_a_reason(official):
    state_dict, report = CONVERTERS['catr'].convert(official)
    assert report.missing == []
    assert set(report.mapped) | set(report.dropped) == set(official)
    assert len(report.mapped) == len(state_dict)
    assert {name.split('.')[0] for name in report.dropped} == {
        'conv1', 'path1', 'path2', 'path3', 'path4', 'fusion_module', 'transformer',
    }  # fmt: skip
    assert report.mapped['vid_embed_proj.weight'] == 'neck.vid_proj.weight'
    kept = 'transformer.temporal_encoder.layers.1.va_atten.multihead_attn.in_proj_bias'
    assert kept in report.mapped
    assert report.dropped[kept.replace('layers.1', 'layers.2')] == 'update of audio that no further layer reads'


def test_the_variant_is_read_off_the_shapes(official):
    options = CONVERTERS['catr'].describe(official)
    assert options['method'] == 'catr'
    assert (options['backbone'], options['channels'], options['ffn_channels']) == ('b5', 256, 2048)
    assert options['neck'] == dict(audio_channels=128, num_layers=3)
    assert options['decode_head'] == dict(num_queries=50, kernel_channels=64, num_layers=3)


def test_a_fourth_layer_of_the_temporal_encoder_is_dropped(official):
    for encoder in ('spatial', 'temporal'):
        prefix = f'transformer.{encoder}_encoder.layers.'
        for name in [name for name in official if name.startswith(f'{prefix}1.')]:
            official[name.replace(f'{prefix}1.', f'{prefix}3.')] = official[name]
    _, report = CONVERTERS['catr'].convert(official)
    assert report.missing == []
    name = 'transformer.temporal_encoder.layers.3.norm1.weight'
    assert report.dropped[name] == 'the gate reads the first three layers only'
    assert CONVERTERS['catr'].read_options(official)['neck']['num_layers'] == 4


@pytest.mark.parametrize('prefix', ['resnet.', 'encoder_backbone.'])
def test_resnet_names_are_known(official, prefix):
    other = {name: value for name, value in official.items() if not name.startswith('encoder_backbone.')}
    for name, value in named('tpavi_r50_ms3').items():
        if name.startswith('resnet.'):
            other[name.replace('resnet.', prefix)] = value
        elif name.startswith('conv') and name.endswith('weight'):
            other[name] = value
    _, report = CONVERTERS['catr'].convert(other)
    assert report.missing == []
    assert CONVERTERS['catr'].read_options(other)['backbone'] == 'resnet'


def test_other_files_are_refused(official):
    with pytest.raises(ValueError, match='this is no CATR checkpoint: it has no'):
        CONVERTERS['catr'].convert({'output_conv.4.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='belong to another model'):
        CONVERTERS['catr'].convert({**official, 'head.extra.weight': torch.zeros(1)})
