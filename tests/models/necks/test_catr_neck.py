import pytest
import torch

from mmavs.models.contracts import AVSFeatures
from mmavs.models.decode_heads import TPAVIHead
from mmavs.models.necks import CATRNeck
from mmavs.models.necks.catr_fusion import BlockGate, MultiplicativeAttention, TemporalAVLayer

IN_CHANNELS = (4, 6, 8, 10)
SMALL = dict(channels=16, audio_channels=5, num_layers=1, num_heads=2, fusion_heads=4, ffn_channels=24, dropout=0.0)


def build(**options):
    torch.manual_seed(0)
    neck = CATRNeck(IN_CHANNELS, **SMALL, **options).eval()
    for context in neck.context.values():
        for conv in context.convs:
            torch.nn.init.normal_(conv.weight, std=0.3)
    return neck


def features(lengths=(3, 2)):
    generator = torch.Generator().manual_seed(0)
    maps = tuple(torch.randn(6, c, 32 >> i, 32 >> i, generator=generator) for i, c in enumerate(IN_CHANNELS))
    valid = torch.arange(3) < torch.tensor(lengths)[:, None]
    return AVSFeatures(maps, torch.randn(2, 3, 5, generator=generator), valid)


def layer_and_tokens(**options):
    torch.manual_seed(0)
    settings = dict(updates_audio=True, official_squared_fusion=True, official_first_frame_audio=True) | options
    layer = TemporalAVLayer(16, num_heads=2, fusion_heads=4, ffn_channels=24, dropout=0.0, **settings).eval()
    pixels, frames, clips = 7, 3, 2
    tokens = torch.randn(clips * frames, pixels + frames, 16)
    pos = torch.cat((torch.randn(pixels, 16), torch.zeros(frames, 16)))
    return layer, tokens, pos, torch.zeros(clips * frames, pixels + frames, dtype=torch.bool), pixels, frames, clips


@pytest.mark.parametrize('squared', [True, False])
@pytest.mark.parametrize('first', [True, False])
def test_temporal_layer_equals_a_loop_over_clips(squared, first):
    layer, tokens, pos, padding, pixels, frames, clips = layer_and_tokens(
        official_squared_fusion=squared, official_first_frame_audio=first
    )
    power = 2 if squared else 1
    with torch.no_grad():
        seen, following = layer(tokens, pos, padding, torch.ones(clips, frames, dtype=torch.bool))
        own = layer.layer(tokens, pos=pos)
        for b in range(clips):
            of_clip = own[b * frames : (b + 1) * frames]
            audio = of_clip[0, pixels:] if first else of_clip[:, pixels:].mean(0)
            video = of_clip[:, :pixels].reshape(-1, 16)
            mha = layer.av_atten.multihead_attn
            video = video * mha(video[None], audio[None], audio[None])[0][0] ** power
            mha = layer.va_atten.multihead_attn
            keys = video + pos[:pixels].repeat(frames, 1)
            audio = audio * mha(audio[None], keys[None], video[None])[0][0] ** power
            for t in range(frames):
                expected = torch.cat((video[t * pixels : (t + 1) * pixels], audio))
                torch.testing.assert_close(following[b * frames + t], expected, rtol=1e-4, atol=1e-5)
                torch.testing.assert_close(seen[b * frames + t], expected[:pixels], rtol=1e-4, atol=1e-5)


def test_the_last_layer_has_no_update_of_audio():
    layer, tokens, pos, padding, pixels, frames, clips = layer_and_tokens(updates_audio=False)
    seen, following = layer(tokens, pos, padding, torch.ones(clips, frames, dtype=torch.bool))
    assert following is None
    assert seen.shape == (clips * frames, pixels, 16)
    assert not any('va_atten' in name for name, _ in layer.named_parameters())


def test_gate_as_published_and_as_meant():
    torch.manual_seed(0)
    outputs = torch.randn(3, 2, 8, 5, 6)
    for official in (True, False):
        gate = BlockGate(8, official_second_gate=official).eval()

        def pooled(a, b, gate=gate):
            return gate.attention_feature(torch.cat((a, b), 1)).sigmoid().mean((2, 3), keepdim=True)

        first = pooled(outputs[0], outputs[1])
        if official:
            second = torch.nn.functional.adaptive_avg_pool3d(first.sigmoid(), 1)  # (M, 1, 1, 1)
        else:
            second = pooled(outputs[1], outputs[2])[:, :1]
        expected = gate.output2(gate.output1(first[:, :1] * outputs[1]) + second * outputs[2])
        torch.testing.assert_close(gate(outputs), expected)


def test_multiplication_by_what_was_attended():
    torch.manual_seed(0)
    attention = MultiplicativeAttention(8, 2, squared=True)
    x, memory, padding = torch.randn(1, 3, 8), torch.randn(1, 4, 8), torch.tensor([[False, False, True, True]])
    expected = attention.multihead_attn(x, memory[:, :2], memory[:, :2])[0]
    torch.testing.assert_close(attention(x, memory, padding), x * expected**2)


@pytest.mark.parametrize('official', [True, False])
def test_padded_frames_change_nothing(official):
    neck = build(official_first_frame_audio=official)
    inputs = features()
    with torch.no_grad():
        result = neck(inputs)
        alone = neck(
            AVSFeatures(tuple(x[3:5] for x in inputs.maps), inputs.audio[1:, :2], torch.ones(1, 2, dtype=torch.bool))
        )
    for together, single in zip(result.maps, alone.maps, strict=True):
        torch.testing.assert_close(together[3:5], single, rtol=1e-4, atol=1e-5)
        assert together[5].abs().max() == 0
    pixels = 16 * 16
    memory = result.aux['query_memory'][3:5]
    torch.testing.assert_close(memory[:, : pixels + 2], alone.aux['query_memory'], rtol=1e-4, atol=1e-5)
    padding = result.aux['query_memory_padding']
    assert padding[:, pixels:].tolist() == [[False] * 3] * 3 + [[False, False, True]] * 3
    assert not padding[:, :pixels].any()


def test_each_frame_hears_the_whole_clip_and_no_other_clip():
    neck = build()
    inputs = features((3, 3))
    with torch.no_grad():
        before = neck(inputs)
        inputs.audio[1, 2] += 1
        after = neck(inputs)
    for name in ('maps', 'memory'):
        a, b = (r.maps[0] if name == 'maps' else r.aux['query_memory'] for r in (before, after))
        assert ((a - b).flatten(1).abs().amax(1) > 0).tolist() == [False] * 3 + [True] * 3


def test_maps_are_those_of_the_kept_stages_and_another_head_takes_them():
    neck = build(stages=(0, 1, 2, 3))
    result = neck(features((3, 3)))
    assert [tuple(x.shape[1:]) for x in result.maps] == [(16, 32 >> i, 32 >> i) for i in range(4)]
    assert TPAVIHead(16, smooth_channels=4)(result, (128, 128)).logits.shape == (2, 3, 1, 128, 128)
    assert len(build()(features()).maps) == 3


def test_misuse_is_named():
    with pytest.raises(ValueError, match=r'stages \(2, 3\) must lie in 0..3 \(in_channels\) and contain fused_stage=1'):
        CATRNeck(IN_CHANNELS, **SMALL, stages=(2, 3))
    with pytest.raises(ValueError, match='channels=18 must be a multiple of 4'):
        CATRNeck(IN_CHANNELS, **{**SMALL, 'channels': 18})
    with pytest.raises(ValueError, match='built for 4 maps, got 3'):
        build()(AVSFeatures(features().maps[1:], features().audio, features().frame_valid))


def test_in_front_of_a_head_without_queries_every_parameter_is_trained():
    torch.manual_seed(0)
    neck = CATRNeck(IN_CHANNELS, **{**SMALL, 'num_layers': 0}, stages=(0, 1, 2, 3))
    TPAVIHead(16, smooth_channels=4)(neck(features((3, 3))), (128, 128)).logits.square().mean().backward()
    assert [name for name, p in neck.named_parameters() if p.grad is None] == []
