import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.decode_heads import AVSegFormerHead
from mmavs.models.decode_heads.avsegformer_head import AudioQueryGenerator, AudioQueryLayer, QueryPixelMLP

SMALL = dict(channels=16, num_queries=6, num_generator_layers=2, num_layers=2, num_heads=2, dropout=0.0)
WIDTHS = dict(generator_ffn_channels=24, ffn_channels=24, mix_channels=12, smooth_channels=4)


def features(valid=None, audio_channels=16):
    generator = torch.Generator().manual_seed(0)
    maps = tuple(torch.randn(6, 16, 8 >> i, 8 >> i, generator=generator) for i in range(3))
    valid = torch.ones(2, 3, dtype=torch.bool) if valid is None else valid
    return AVSFeatures(maps, torch.randn(2, 3, audio_channels, generator=generator), valid)


def test_attention_to_one_audio_token_is_its_value():
    torch.manual_seed(0)
    layer = AudioQueryLayer(16, 4, 32)
    published = nn.MultiheadAttention(16, 4, bias=False, batch_first=True)
    layer.audio_value.weight.data = published.in_proj_weight.data[32:]
    layer.audio_out.weight.data = published.out_proj.weight.data
    query, audio = torch.randn(3, 5, 16), torch.randn(3, 1, 16)
    x = layer.self_norm(query + layer.self_attn(query, query, query)[0])
    x = layer.audio_norm(x + published(x, audio, audio)[0])
    x = layer.ffn_norm(x + layer.ffn.linear2(F.gelu(layer.ffn.linear1(x))))
    torch.testing.assert_close(layer(query, audio), x)


def test_learnt_queries_are_expanded_late_without_a_change():
    torch.manual_seed(0)
    generator = AudioQueryGenerator(16, 5, 2, 4, 32)
    audio = torch.randn(3, 1, 16)
    query = generator.query.weight.expand(3, -1, -1)
    for layer in generator.layers:
        query = layer(query, audio)
    torch.testing.assert_close(generator(audio), query)


def test_mixing_equals_the_network_over_query_pixel_products():
    torch.manual_seed(0)
    mix = QueryPixelMLP(5, 7, 3)
    query, x = torch.randn(2, 5, 4), torch.randn(2, 4, 3, 6)
    products = torch.einsum('mqc,mchw->mqhw', query, x)
    hidden = F.conv2d(products, mix.query_mix.weight[:, :, None, None], mix.query_mix.bias).relu()
    torch.testing.assert_close(mix(query, x), mix.out(mix.hidden(hidden).relu()))


def test_logits_have_the_input_size_and_are_zero_on_padding():
    torch.manual_seed(0)
    head = AVSegFormerHead(**SMALL, **WIDTHS, num_classes=5).eval()
    valid = torch.tensor([[True, True, True], [True, False, False]])
    with torch.no_grad():
        logits = head(features(valid), (30, 34)).logits
        alone = head(
            AVSFeatures(tuple(x[3:4] for x in features().maps), features().audio[1:, :1], valid[1:, :1]), (30, 34)
        )
    assert logits.shape == (2, 3, 5, 30, 34)
    assert logits[1, 1:].abs().max() == 0
    torch.testing.assert_close(logits[1:, :1], alone.logits, rtol=1e-4, atol=1e-5)


def test_behind_another_neck_the_head_projects_the_audio_itself():
    head = AVSegFormerHead(**SMALL, **WIDTHS, audio_channels=9)
    assert head(features(audio_channels=9), (16, 16)).logits.shape == (2, 3, 1, 16, 16)
    with pytest.raises(ValueError, match='audio features have 9 channels, expected 16; set audio_channels=9'):
        AVSegFormerHead(**SMALL, **WIDTHS)(features(audio_channels=9), (16, 16))


def test_learnable_queries_can_be_left_out():
    head = AVSegFormerHead(**SMALL, **WIDTHS, learnable_queries=False)
    assert not any('learnable' in name for name, _ in head.named_parameters())
    assert torch.isfinite(head(features(), (16, 16)).logits).all()


def test_maps_must_fit():
    head = AVSegFormerHead(**SMALL, **WIDTHS)
    inputs = features()
    with pytest.raises(ValueError, match=r'at least two maps of 16 channels, got maps of \[16\]'):
        head(inputs.updated(inputs.maps[:1]), (16, 16))


def test_the_value_of_the_audio_attention_starts_as_a_third_of_the_published_matrix():
    torch.manual_seed(0)
    head = AVSegFormerHead(**{**SMALL, 'channels': 64}, **WIDTHS)
    bound = (6 / (3 * 64 + 64)) ** 0.5
    largest = head.generator.layers[0].audio_value.weight.abs().max()
    assert 0.95 * bound < largest <= bound
