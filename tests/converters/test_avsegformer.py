from pathlib import Path

import pytest
import torch

from mmavs.converters import CONVERTERS
from mmavs.testing.golden import GoldenCase

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


@pytest.fixture
def official():
    """The names and shapes of a released checkpoint."""
    entries = GoldenCase.load(GOLDEN / 'avsegformer_r50_ms3.json').manifest['state_dict']
    return {name: torch.empty(shape, dtype=getattr(torch, dtype), device='meta') for name, shape, dtype in entries}


def test_every_key_is_mapped_or_dropped_with_a_reason(official):
    state_dict, report = CONVERTERS['avsegformer'].convert(official)
    assert report.missing == []
    assert set(report.mapped) | set(report.dropped) == set(official)
    assert len(report.mapped) == len(state_dict)
    assert {name.rsplit('.', 4)[0].split('.')[0] for name in report.dropped} == {'backbone', 'head'}
    assert all('never used' in reason for reason in report.dropped.values())
    assert report.mapped['backbone.layer3_1.0.conv1.weight'] == 'backbone.body.layer3.0.conv1.weight'
    assert report.mapped['vggish.features.0.weight'] == 'audio_backbone.features.0.weight'


def test_the_variant_is_read_off_the_shapes(official):
    options = CONVERTERS['avsegformer'].describe(official)
    assert options['method'] == 'avsegformer'
    assert (options['backbone'], options['channels'], options['num_heads']) == ('resnet', 256, 8)
    assert options['neck'] == dict(audio_channels=128, num_layers=6, ffn_channels=2048)
    assert options['decode_head']['num_queries'] == 300
    official['head.fc.4.weight'] = torch.empty(71, 32, 1, 1, device='meta')
    state_dict, _ = CONVERTERS['avsegformer'].convert(official)
    assert state_dict['decode_head.classify.weight'].shape == (71, 32, 1, 1)


def test_of_the_attention_to_the_audio_token_the_value_rows_are_kept(official):
    name = 'head.query_generator.layers.0.cross_attn.in_proj_weight'
    official[name] = torch.arange(768.0)[:, None].expand(768, 256)
    state_dict, report = CONVERTERS['avsegformer'].convert(official)
    kept = state_dict[report.mapped[name]]
    assert kept.shape == (256, 256)
    assert kept[:, 0].tolist() == list(range(512, 768))


def test_pvt_names_are_known(official):
    entries = GoldenCase.load(GOLDEN / 'tpavi_pvt_ms3.json').manifest['state_dict']
    pvt = {name: value for name, value in official.items() if not name.startswith('backbone.')}
    for level, width in enumerate((64, 128, 320, 512)):
        pvt[f'head.in_proj.{level}.0.weight'] = torch.empty(256, width, 1, 1, device='meta')
    for name, shape, dtype in entries:
        if name.startswith('encoder_backbone.'):
            key = name.replace('encoder_backbone.', 'backbone.')
            pvt[key] = torch.empty(shape, dtype=getattr(torch, dtype), device='meta')
    _, report = CONVERTERS['avsegformer'].convert(pvt)
    assert report.missing == []
    assert CONVERTERS['avsegformer'].read_options(pvt)['backbone'] == 'b5'


def test_other_files_are_refused(official):
    with pytest.raises(ValueError, match=r'this is no AVSegFormer checkpoint: it has no'):
        CONVERTERS['avsegformer'].convert({'output_conv.4.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='belong to another model'):
        CONVERTERS['avsegformer'].convert({**official, 'head.extra.weight': torch.zeros(1)})
    official['head.mlp.layers.1.weight'] = torch.empty(2048, 1024, 1, 1, device='meta')
    with pytest.raises(ValueError, match=r'head\.mlp\.layers\.1\.weight'):
        CONVERTERS['avsegformer'].convert(official)
    del official['backbone.conv1.weight']
    with pytest.raises(ValueError, match='neither a ResNet-50 nor a known PVT-v2'):
        CONVERTERS['avsegformer'].convert(official)
