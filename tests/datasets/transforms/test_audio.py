import math
import os

import numpy as np
import pytest
import torch
from layouts import write_wav

from mmavs.audio import vggish_log_mel
from mmavs.datasets.transforms import AudioAugment, EmptyTargets, LoadAudio, ReplaceAudio, VGGishLogMel

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


def test_silence_and_noise(clip):
    assert np.abs(ReplaceAudio('silence')(dict(clip))['waveform']).max() == 0
    noise = ReplaceAudio('noise')(dict(clip))['waveform']
    assert noise.shape == clip['waveform'].shape
    assert noise.dtype == np.float32
    assert np.sqrt((noise**2).mean()) == pytest.approx(0.1, rel=0.01)
    np.testing.assert_array_equal(noise, ReplaceAudio('noise')(dict(clip))['waveform'])
    assert not np.array_equal(noise, ReplaceAudio('noise', seed=1)(dict(clip))['waveform'])
    assert not np.array_equal(noise, ReplaceAudio('noise')({**clip, 'clip_id': 'c2'})['waveform'])


def test_offscreen_sound_has_the_length_of_the_clip(tmp_path, clip):
    folder = tmp_path / 'offscreen'
    for i, (seconds, rate) in enumerate([(2, 16000), (9, 8000)]):
        write_wav(folder / f'{i}.wav', seconds, seed=i, sample_rate=rate)
    seen = set()
    for name in 'abcdefgh':
        got = ReplaceAudio('offscreen', offscreen_dir=folder)({**clip, 'clip_id': name})
        assert got['waveform'].shape[1] == 5 * got['sample_rate']
        seen.add(got['audio_path'])
        assert VGGishLogMel()(got)['audio'].shape[0] == 5
    assert seen == {str(folder / '0.wav'), str(folder / '1.wav')}
    with pytest.raises(FileNotFoundError, match='has no wav file'):
        ReplaceAudio('offscreen', offscreen_dir=tmp_path / 'none')(dict(clip))


def test_empty_target_clears_masks_and_tags(clip):
    clip.update(gt_masks=np.ones((5, 2, 2), np.uint8), tags=np.ones((5, 3), np.float32), sounding=[['dog']] * 5)
    kept = ReplaceAudio('silence')(dict(clip))
    assert kept['gt_masks'].all()
    got = ReplaceAudio('silence', empty_target=True)(dict(clip))
    assert not got['gt_masks'].any()
    assert not got['tags'].any()
    assert got['sounding'] == [[]] * 5


def test_bad_options_of_replace_audio(clip):
    with pytest.raises(ValueError, match='mode must be'):
        ReplaceAudio('shuffle')
    for arguments in (dict(mode='offscreen'), dict(mode='noise', offscreen_dir='x')):
        with pytest.raises(ValueError, match='offscreen_dir belongs to'):
            ReplaceAudio(**arguments)
    for transform in (ReplaceAudio('silence'), VGGishLogMel()):
        with pytest.raises(ValueError, match='put LoadAudio before it'):
            transform(dict(clip_id='a', num_frames=5))


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


def test_empty_targets_leave_the_picture_and_the_sound_alone():
    results = dict(
        gt_masks=np.ones((2, 3, 3), np.uint8),
        tags=np.ones((2, 4)),
        sounding=[['dog'], ['dog', 'cow']],
        frames=np.ones((2, 3, 3, 3), np.uint8),
        waveform=np.ones((1, 10)),
    )
    out = EmptyTargets()(dict(results))
    assert out['gt_masks'].shape == (2, 3, 3)
    assert out['gt_masks'].max() == 0
    assert out['tags'].max() == 0
    assert out['sounding'] == [[], []]
    assert out['frames'] is results['frames']
    assert out['waveform'] is results['waveform']
