import pytest
import torch

from mmavs.models.data_preprocessors import AVSDataPreprocessor
from mmavs.structures import AVSDataSample


def collated(*lengths, size=(8, 6)):
    generator = torch.Generator().manual_seed(0)
    frames = [torch.randint(0, 256, (t, 3, *size), generator=generator, dtype=torch.uint8) for t in lengths]
    audio = [torch.randn(t, 1, 96, 64, generator=generator) for t in lengths]
    samples = [AVSDataSample(metainfo=dict(clip_id=f'clip{i}')) for i in range(len(lengths))]
    return dict(inputs=dict(frames=frames, audio=audio), data_samples=samples)


def test_clips_of_different_length_are_padded_with_zero_frames_and_flags():
    batch = AVSDataPreprocessor()(collated(5, 2))['inputs']
    assert batch['frames'].shape == (2, 5, 3, 8, 6)
    assert batch['audio'].shape == (2, 5, 1, 96, 64)
    assert batch['frame_valid'].tolist() == [[True] * 5, [True, True, False, False, False]]
    assert batch['frames'][1, 2:].abs().max() == 0
    assert batch['audio'][1, 2:].abs().max() == 0


def test_normalisation_is_per_rgb_channel():
    data = collated(1)
    got = AVSDataPreprocessor(mean=(1, 2, 3), std=(2, 4, 8))(data)['inputs']['frames'][0]
    want = (data['inputs']['frames'][0].float() - torch.tensor([1.0, 2, 3]).view(3, 1, 1)) / torch.tensor(
        [2.0, 4, 8]
    ).view(3, 1, 1)
    torch.testing.assert_close(got, want)


def test_audio_alone_is_batched_too():
    data = collated(3, 1)
    del data['inputs']['frames']
    batch = AVSDataPreprocessor()(data)['inputs']
    assert set(batch) == {'audio', 'frame_valid'}
    assert batch['frame_valid'].sum(1).tolist() == [3, 1]


def test_frames_and_audio_must_match_one_to_one():
    data = collated(5)
    data['inputs']['audio'][0] = data['inputs']['audio'][0][:4]
    with pytest.raises(ValueError, match="clip 'clip0' has 5 frames but 4 audio examples"):
        AVSDataPreprocessor()(data)


def test_frames_of_one_batch_must_have_one_size():
    data = collated(5, 5)
    data['inputs']['frames'][1] = data['inputs']['frames'][1][..., :5]
    with pytest.raises(ValueError, match='frames of different size'):
        AVSDataPreprocessor()(data)
