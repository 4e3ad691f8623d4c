import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.pixel_decoders import FPNPixelDecoder, IdentityPixelDecoder, MLPPixelDecoder

CHANNELS, SIZES = (4, 6, 8), (16, 8, 4)


def features(valid=((True, True, False),)):
    torch.manual_seed(0)
    valid = torch.tensor(valid)
    maps = tuple(torch.randn(valid.numel(), c, s, s) for c, s in zip(CHANNELS, SIZES, strict=True))
    return AVSFeatures(maps, torch.randn(*valid.shape, 3), valid)


@pytest.mark.parametrize('decoder', [MLPPixelDecoder, FPNPixelDecoder])
def test_one_map_with_gradients_everywhere_and_zero_padding(decoder):
    model = decoder(CHANNELS, 10)
    data = features()
    (x,) = model(data).maps
    assert x.shape == (3, 10, 16, 16)
    assert x[2].abs().max() == 0
    x.square().mean().backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []
    model.eval()
    noisy = AVSFeatures(tuple(torch.cat([m[:2], m[2:] + 9]) for m in data.maps), data.audio, data.frame_valid)
    torch.testing.assert_close(model(data).maps[0], model(noisy).maps[0])
    with pytest.raises(ValueError, match='3 maps'):
        model(AVSFeatures(data.maps[:2], data.audio, data.frame_valid))


def test_mlp_equals_project_resize_concatenate_mix():
    model = MLPPixelDecoder(CHANNELS, 10).eval()
    data = features(((True, True, True),))
    resized = [
        F.interpolate(project(x), (16, 16), mode='bilinear', align_corners=False)
        for x, project in zip(data.maps, model.projections, strict=True)
    ]
    mix = torch.cat([m.weight for m in model.mix], 1)
    expected = F.relu(model.norm(F.conv2d(torch.cat(resized, 1), mix)))
    torch.testing.assert_close(model(data).maps[0], expected, rtol=1e-4, atol=1e-5)


def test_fpn_carries_the_coarsest_map_down():
    model = FPNPixelDecoder(CHANNELS, 10).eval()
    data = features(((True, True, True),))
    changed = (*data.maps[:2], data.maps[2] + 1)
    other = AVSFeatures(changed, data.audio, data.frame_valid)
    assert (model(data).maps[0] - model(other).maps[0]).abs().amax((1, 2, 3)).min() > 0


def test_identity():
    data = features()
    assert IdentityPixelDecoder()(data) is data
