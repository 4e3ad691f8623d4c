import numpy as np
import pytest
import torch

from mmavs.datasets.transforms import PackAVSInputs


def clip(**changes):
    data = dict(
        frames=np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8),
        audio=torch.randn(5, 1, 96, 64),
        gt_masks=np.ones((5, 4, 6), np.uint8),
        frame_annotated=[True] + [False] * 4,
        frame_labelled=[True] * 5,
        num_frames=5,
        clip_id='a',
    )
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def test_layout_and_types():
    packed = PackAVSInputs()(clip())
    assert set(packed) == {'inputs', 'data_samples'}
    np.testing.assert_array_equal(packed['inputs']['frames'], clip()['frames'].transpose(0, 3, 1, 2))
    assert packed['inputs']['frames'].is_contiguous()
    assert packed['inputs']['audio'].dtype == torch.float32
    sample = packed['data_samples']
    assert sample.gt_masks.dtype == torch.long
    assert sample.frame_valid.tolist() == [True] * 5
    assert sample.frame_annotated.tolist() == [True] + [False] * 4
    assert sample.clip_id == 'a'
    assert 'tags' not in sample


def test_audio_alone_and_frames_alone():
    assert set(PackAVSInputs()(clip(frames=None, gt_masks=None))['inputs']) == {'audio'}
    assert set(PackAVSInputs()(clip(audio=None))['inputs']) == {'frames'}
    with pytest.raises(ValueError, match='neither "frames" nor "audio"'):
        PackAVSInputs()(clip(frames=None, audio=None))


def test_entries_of_different_length_are_named():
    with pytest.raises(ValueError, match=r"has 5 frames, but its entries have the lengths .*'audio': 4"):
        PackAVSInputs()(clip(audio=torch.zeros(4, 1, 96, 64)))
