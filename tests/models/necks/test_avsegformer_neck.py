import pytest
import torch

from mmavs.models.contracts import AVSFeatures
from mmavs.models.decode_heads import TPAVIHead
from mmavs.models.layers import MultiScaleDeformableAttention
from mmavs.models.necks import AVSegFormerNeck
from mmavs.models.necks.avsegformer_neck import ChannelMixer

IN_CHANNELS = (4, 6, 8, 10)
SMALL = dict(channels=16, audio_channels=5, num_layers=2, num_heads=2, ffn_channels=32, norm_groups=4, dropout=0.0)


@pytest.fixture
def neck():
    torch.manual_seed(0)
    built = AVSegFormerNeck(IN_CHANNELS, **SMALL).eval()
    for module in built.modules():
        if isinstance(module, MultiScaleDeformableAttention):
            torch.nn.init.normal_(module.sampling_offsets.weight, std=0.1)
    return built


def features(clips=2, frames=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = tuple(
        torch.randn(clips * frames, c, 16 >> i, 16 >> i, generator=generator) for i, c in enumerate(IN_CHANNELS)
    )
    audio = torch.randn(clips, frames, 5, generator=generator)
    return AVSFeatures(maps, audio, torch.ones(clips, frames, dtype=torch.bool))


def test_mixer_equals_the_published_attention_over_pixels():
    torch.manual_seed(0)
    mixer = ChannelMixer(8, num_heads=2)
    x, audio = torch.randn(3, 8, 4, 5), torch.randn(3, 8)
    pixels = x.flatten(2).transpose(1, 2)
    key, value = mixer.kv_proj(pixels).unflatten(-1, (2, 2, 4)).permute(2, 0, 3, 1, 4)
    query = mixer.q_proj(audio).view(3, 2, 1, 4)
    seen = (query @ key.transpose(-2, -1) * 4**-0.5).softmax(-1) @ value
    gate = mixer.proj(seen.flatten(1)).sigmoid()
    torch.testing.assert_close(mixer(x, audio), x * gate[:, :, None, None])


def test_one_frame_alone_works_and_gives_what_it_gives_in_a_batch(neck):
    whole = features()
    with torch.no_grad():
        together = neck(whole)
        alone = neck(AVSFeatures(tuple(x[4:5] for x in whole.maps), whole.audio[1:2, 1:2], whole.frame_valid[1:2, 1:2]))
    for one, many in zip(alone.maps, together.maps, strict=True):
        torch.testing.assert_close(one, many[4:5], rtol=1e-4, atol=1e-5)


def test_maps_are_a_pyramid_that_another_head_takes(neck):
    result = neck(features())
    assert [tuple(x.shape[1:]) for x in result.maps] == [(16, 16 >> i, 16 >> i) for i in range(4)]
    assert result.audio.shape == (2, 3, 16)
    assert result.aux['mask_feature'] is result.maps[0]
    head = TPAVIHead(16, num_classes=1, smooth_channels=4)
    assert head(result, (64, 64)).logits.shape == (2, 3, 1, 64, 64)


def test_audio_reaches_the_mask_feature_and_padding_is_zero(neck):
    inputs = features()
    inputs.frame_valid[1, 2] = False
    with torch.no_grad():
        maps = neck(inputs).maps
        before = maps[0]
        inputs.audio[0, 0] += 1
        after = neck(inputs).maps[0]
    assert all(x[5].abs().max() == 0 for x in maps)
    changed = (before - after).flatten(1).abs().amax(1) > 0
    assert changed.tolist() == [True, False, False, False, False, False]


def test_levels_are_told_apart_by_their_code(neck):
    inputs = features()
    with torch.no_grad():
        before = neck(inputs).maps[1]
        neck.level_embed += torch.randn_like(neck.level_embed)
        assert (before - neck(inputs).maps[1]).abs().max() > 1e-4


def test_the_published_initialisation():
    torch.manual_seed(0)
    neck = AVSegFormerNeck((32, 32), channels=64, num_layers=1, norm_groups=8)
    bound = (6 / (64 + 64)) ** 0.5
    weight = neck.projections[0][0].weight
    assert weight.abs().max() <= (6 / (32 + 64)) ** 0.5
    assert neck.mixer.q_proj.weight.abs().max() <= bound
    assert neck.mixer.q_proj.weight.abs().max() > 0.95 * bound
    assert neck.encoder[0].self_attn.sampling_offsets.weight.abs().max() == 0
    assert 0.7 < neck.level_embed.std() < 1.3


def test_misuse_is_named(neck):
    with pytest.raises(ValueError, match='built for 4 maps, got 2'):
        neck(AVSFeatures(features().maps[:2], torch.zeros(2, 3, 5), torch.ones(2, 3).bool()))
    with pytest.raises(ValueError, match='channels=18 must be a multiple of 4'):
        AVSegFormerNeck(IN_CHANNELS, **{**SMALL, 'channels': 18})
    with pytest.raises(ValueError, match='channels=6 must be a multiple of num_heads=4'):
        ChannelMixer(6, num_heads=4)
