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


def test_a_size_that_is_no_multiple_of_32_is_refused():
    data = features(64)
    data.maps = (*data.maps[:3], torch.randn(4, 16, 3, 3))
    with pytest.raises(ValueError, match='multiple of 32'):
        TPAVIHead(16)(data, (64, 64))


def test_gradients_reach_every_parameter():
    head = TPAVIHead(16)
    head(features(), (32, 32)).logits.sum().backward()
    assert [name for name, p in head.named_parameters() if p.grad is None] == []
