import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.decode_heads import TPAVIHead


def features(size=32, valid=((True, True), (True, False)), channels=16):
    torch.manual_seed(0)
    valid = torch.tensor(valid)
    maps = tuple(torch.randn(valid.numel(), channels, size // s, size // s) for s in (4, 8, 16, 32))
    return AVSFeatures(maps=maps, audio=torch.zeros(*valid.shape, 4), frame_valid=valid)


@pytest.mark.parametrize('num_classes', [1, 5])
def test_logits_have_input_size_and_padded_frames_are_zero(num_classes):
    data = features(64)
    logits = TPAVIHead(16, num_classes)(data, (64, 64)).logits
    assert logits.shape == (2, 2, num_classes, 64, 64)
    assert logits[1, 1].abs().max() == 0
    assert logits[1, 0].abs().max() > 0


def test_maps_of_the_output_are_rectified():
    data = features()
    out = TPAVIHead(16)(data, (32, 32))
    for x, y in zip(out.features.maps, data.maps, strict=True):
        assert torch.equal(x, F.relu(y))


def test_maps_that_do_not_halve_are_refused():
    data = features(64)
    data.maps = (*data.maps[:3], torch.randn(4, 16, 3, 3))
    with pytest.raises(ValueError, match='halve from level to level'):
        TPAVIHead(16)(data, (64, 64))


def plain(head, maps, size):
    """The published path, whose upsampling by two is a resize to the next map where sizes are odd."""

    def unit(module, x):
        x = x.relu()
        return module.conv2(module.conv1(x).relu()) + x

    x = unit(head.refine[3], maps[3])
    for level in (2, 1, 0):
        x = F.interpolate(x, maps[level].shape[-2:], mode='bilinear', align_corners=True)
        x = unit(head.refine[level], x + unit(head.merge[level], maps[level]))
    x = F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=True)
    x = F.interpolate(head.reduce(x), scale_factor=2, mode='bilinear', align_corners=False)
    return F.interpolate(head.classify(head.smooth(x).relu()), size, mode='bilinear', align_corners=False)


@pytest.mark.parametrize('size', [(64, 96), (97, 131), (75, 200), (33, 64)])
def test_pictures_of_any_size(size):
    torch.manual_seed(0)
    sides = [tuple(-(-side // stride) for side in size) for stride in (4, 8, 16, 32)]
    data = features()
    data.maps = tuple(torch.randn(4, 16, *side) for side in sides)
    data.frame_valid = torch.ones(2, 2).bool()
    head = TPAVIHead(16, 3)
    got = head(data, size).logits
    assert got.shape == (2, 2, 3, *size)
    torch.testing.assert_close(got.flatten(0, 1), plain(head, data.maps, size), rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter():
    head = TPAVIHead(16)
    head(features(), (32, 32)).logits.sum().backward()
    assert [name for name, p in head.named_parameters() if p.grad is None] == []
