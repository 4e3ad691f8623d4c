import pytest
import torch

from mmavs.models import necks
from mmavs.models.contracts import AVSFeatures

B, T, A = 2, 3, 6
CHANNELS, SIZES = (8, 16), (8, 4)
CONTROLS = ['ChannelGateNeck', 'ConcatNeck', 'GlobalAttnNeck', 'ResponseGateNeck']


def features(valid=None):
    generator = torch.Generator().manual_seed(0)
    maps = tuple(torch.randn(B * T, c, s, s, generator=generator) for c, s in zip(CHANNELS, SIZES, strict=True))
    audio = torch.randn(B, T, A, generator=generator)
    return AVSFeatures(maps, audio, torch.ones(B, T).bool() if valid is None else valid)


def build(name, **options):
    torch.manual_seed(0)
    return getattr(necks, name)(CHANNELS, A, **(dict(stages=(0, 1)) | options))


@pytest.mark.parametrize('name', CONTROLS)
@pytest.mark.parametrize('channels', [None, 12])
def test_shapes_gradients_and_use_of_the_sound(name, channels):
    neck = build(name, channels=channels).train()
    data = features()
    out = neck(data)
    assert [x.shape[1] for x in out.maps] == ([12, 12] if channels else list(CHANNELS))
    sum((x**3).mean() for x in out.maps).backward()
    assert [n for n, p in neck.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []
    neck.eval()
    other = neck(AVSFeatures(data.maps, data.audio.flip(0), data.frame_valid))
    assert all((a - b).abs().max() > 1e-4 for a, b in zip(neck(data).maps, other.maps, strict=True))


@pytest.mark.parametrize('name', CONTROLS)
def test_padding_changes_nothing(name):
    neck = build(name).eval()
    valid = torch.tensor([[True, True, True], [True, False, False]])
    data = features(valid)
    maps = tuple(x.clone() for x in data.maps)
    for x in maps:
        x[4:] = 50
    other = neck(AVSFeatures(maps, data.audio, valid))
    for a, b in zip(neck(data).maps, other.maps, strict=True):
        torch.testing.assert_close(a[:4], b[:4])
        assert b[4:].abs().max() == 0


@pytest.mark.parametrize('name', CONTROLS)
def test_between_stages_gives_the_same_maps(name):
    data = features()
    neck = build(name, between_stages=True).eval()
    maps = tuple(neck.fuse_stage(i, x, data) for i, x in enumerate(data.maps))
    fused = neck(data.updated(maps=maps))
    for a, b in zip(fused.maps, build(name).eval()(data).maps, strict=True):
        torch.testing.assert_close(a, b)


def test_identity_passes_the_maps_and_ignores_the_sound():
    data = features()
    for a, b in zip(build('IdentityNeck')(data).maps, data.maps, strict=True):
        torch.testing.assert_close(a, b)
    neck = build('IdentityNeck', channels=12).eval()
    silent = AVSFeatures(data.maps, torch.zeros_like(data.audio), data.frame_valid)
    for a, b in zip(neck(data).maps, neck(silent).maps, strict=True):
        torch.testing.assert_close(a, b)


def test_global_attention_reads_all_tokens_by_softmax():
    neck = build('GlobalAttnNeck', stages=(0,)).eval()
    block, data = neck.blocks['0'], features()
    x, audio = data.maps[0][0], data.audio[0, 0]
    tokens = block.norm(x[None])[0].flatten(1).T
    key = tokens @ block.key.weight[:, :, 0, 0].T
    value = tokens @ block.value.weight[:, :, 0, 0].T
    read = torch.softmax(torch.stack([block.query(audio) @ k / 8**0.5 for k in key]), 0) @ value
    gated = x * torch.sigmoid(block.gate(read))[:, None, None]
    torch.testing.assert_close(neck(data).maps[0][0], x + block.mix(gated[None])[0], rtol=1e-4, atol=1e-5)
