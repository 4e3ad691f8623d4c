import pytest
import torch
from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from mmavs_swell import SwellAudio, SwellNeck


def features(frame_valid=None):
    torch.manual_seed(0)
    valid = torch.ones(2, 5, dtype=torch.bool) if frame_valid is None else frame_valid
    return AVSFeatures((torch.randn(10, 8, 6, 6), torch.randn(10, 16, 3, 3)), torch.randn(2, 5, 12), valid)


def test_components_are_registered():
    assert MODELS.get('SwellNeck') is SwellNeck
    assert MODELS.get('mmavs.SwellAudio') is SwellAudio


def test_audio_backbone_shape():
    assert SwellAudio(out_channels=7)(torch.randn(2, 5, 1, 96, 64)).shape == (2, 5, 7)


def test_neck_shapes_and_gradients():
    neck = SwellNeck((8, 16), audio_channels=12, channels=4)
    maps = neck(features()).maps
    assert [tuple(x.shape) for x in maps] == [(10, 4, 6, 6), (10, 4, 3, 3)]
    sum(x.square().sum() for x in maps).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in neck.parameters())


def test_padding_changes_no_valid_frame():
    neck = SwellNeck((8, 16), audio_channels=12, channels=4)
    valid = torch.ones(2, 5, dtype=torch.bool)
    valid[1, 3:] = False
    one, other = features(valid), features(valid)
    other.audio[1, 3:] = 100.0
    for a, b in zip(neck(one).maps, neck(other).maps, strict=True):
        keep = valid.flatten()
        torch.testing.assert_close(a[keep], b[keep])


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match='built for 1 maps, got 2'):
        SwellNeck((8,), audio_channels=12)(features())
