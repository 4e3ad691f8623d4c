import math
import os

import numpy as np
import pytest
import torch
from layouts import write_wav

from mmavs.audio import vggish_log_mel
from mmavs.datasets.transforms import AudioAugment, LoadAudio, ReplaceAudio, VGGishLogMel

SILENCE = math.log(0.01)


@pytest.fixture
def clip(tmp_path):
    write_wav(tmp_path / 'clip.wav', 5, seed=1, channels=2)
    return LoadAudio()(dict(audio_path=str(tmp_path / 'clip.wav'), clip_id='c1', num_frames=5))


def test_front_end_gives_one_example_per_frame(clip):
    got = VGGishLogMel()(clip)['audio']
    torch.testing.assert_close(got, vggish_log_mel(clip['waveform'], 16000))
    assert got.shape == (5, 1, 96, 64)


def test_front_end_cuts_surplus_and_takes_the_asked_seconds(clip):
    every = vggish_log_mel(clip['waveform'], 16000)
    assert torch.equal(VGGishLogMel()({**clip, 'num_frames': 3})['audio'], every[:3])
    sampled = VGGishLogMel()({**clip, 'num_frames': 2, 'num_seconds': 5, 'audio_seconds': [4, 0]})
    assert torch.equal(sampled['audio'], every[[4, 0]])


def test_short_audio_is_an_error_or_padded_as_published(tmp_path):
    write_wav(tmp_path / 'short.wav', 3)
    clip = LoadAudio()(dict(audio_path=str(tmp_path / 'short.wav'), num_frames=5))
    with pytest.raises(ValueError, match=r"short\.wav' lasts 3\.000 s, shorter than its clip of 5 s \(4\.815 s"):
        VGGishLogMel()(dict(clip))
    repeated = VGGishLogMel(short_audio='repeat_last')(dict(clip))['audio']
    assert torch.equal(repeated[4], repeated[2])
    zeros = VGGishLogMel(short_audio='zeros')(dict(clip))['audio']
    assert zeros[3:].abs().max() == 0
    assert torch.equal(zeros[:3], repeated[:3])
    with pytest.raises(ValueError, match='short_audio must be'):
        VGGishLogMel(short_audio='loop')


def test_cache_gives_the_same_numbers_and_follows_the_file(tmp_path, clip):
    cache = tmp_path / 'cache'
    front_end = VGGishLogMel(cache_dir=cache)
    first = front_end(dict(clip))['audio']
    (file,) = cache.rglob('*.npy')
    second = front_end(dict(clip))['audio']
    assert torch.equal(first, second)
    assert torch.equal(first, VGGishLogMel()(dict(clip))['audio'])
    np.save(file, np.zeros((5, 1, 96, 64), np.float32))
    assert front_end(dict(clip))['audio'].abs().max() == 0  # it is the file that is read
    os.utime(clip['audio_path'], ns=(1, 1))
    assert torch.equal(front_end(dict(clip))['audio'], first)
    assert len(list(cache.rglob('*'))) - len([p for p in cache.rglob('*') if p.is_dir()]) == 2  # nothing half written


def test_cache_is_not_asked_for_a_changed_waveform(tmp_path, clip):
    front_end = VGGishLogMel(cache_dir=tmp_path / 'cache')
    front_end(dict(clip))
    silent = front_end(ReplaceAudio('silence')(dict(clip)))['audio']
    torch.testing.assert_close(silent, torch.full_like(silent, SILENCE))


def test_gain_of_the_log_mel_equals_gain_of_the_waveform(clip, monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: high)
    got = AudioAugment(level_db=(-20.0, -6.0))(dict(audio=VGGishLogMel()(dict(clip))['audio']))['audio']
    want = vggish_log_mel(clip['waveform'] * 10 ** (-6 / 20), 16000)
    torch.testing.assert_close(got, want, atol=1e-4, rtol=0)


def test_masks_are_silence_at_one_place_of_all_examples():
    np.random.seed(1)
    before = torch.randn(5, 1, 96, 64)
    got = AudioAugment(num_time_masks=1, max_time_frames=96, num_band_masks=1, max_bands=32)(dict(audio=before))[
        'audio'
    ]
    changed = got != before
    assert changed.any()
    assert (changed == changed[:1]).all()
    torch.testing.assert_close(got[changed], torch.full_like(got[changed], SILENCE))
    rows, bands = changed[0, 0].all(1), changed[0, 0].all(0)
    assert torch.equal(changed[0, 0], rows[:, None] | bands[None])
    with pytest.raises(ValueError, match='masks must fit'):
        AudioAugment(max_bands=65)
    with pytest.raises(ValueError, match='level_db must be'):
        AudioAugment(level_db=(1, 0))
