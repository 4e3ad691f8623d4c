import math

import numpy as np
import pytest
import torch
from layouts import make_ms3, make_s4, write_wav
from vpo_layout import make_vpo

from mmavs.audio import read_wav, vggish_log_mel
from mmavs.audio.robust_log_mel import robust_log_mel
from mmavs.datasets import AVSBenchS4Dataset
from mmavs.datasets.transforms import (
    CAVPMel,
    EmptyTargets,
    LoadAudio,
    RandomNegativeAudio,
    ReplaceAudio,
    VGGishLogMel,
)
from mmavs.registry import DATASETS

SILENCE = math.log(0.01)


@pytest.fixture
def clip(tmp_path):
    write_wav(tmp_path / 'clip.wav', 5, seed=1, channels=2)
    return LoadAudio()(dict(audio_path=str(tmp_path / 'clip.wav'), clip_id='c1', num_frames=5))


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
    for arguments in (
        dict(mode='offscreen'),
        dict(mode='noise', offscreen_dir='x'),
        dict(mode='silence', donors=dict(dataset={})),
        dict(mode='offscreen', offscreen_dir='x', donors=dict(dataset={})),
    ):
        with pytest.raises(ValueError, match='one of offscreen_dir and donors'):
            ReplaceAudio(**arguments)
    for transform in (ReplaceAudio('silence'), VGGishLogMel()):
        with pytest.raises(ValueError, match='put LoadAudio before it'):
            transform(dict(clip_id='a', num_frames=5))


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


@pytest.fixture
def s4(tmp_path):
    root = make_s4(tmp_path, categories=('helicopter', 'playing_piano', 'dog_barking'), splits=('test',))
    return dict(type='AVSBenchS4Dataset', data_root=str(root), split='test')


def audio_of(dataset, *steps, audio='wav'):
    data = AVSBenchS4Dataset(**{k: v for k, v in dataset.items() if k != 'type'}, audio=audio, pipeline=steps)
    return {item['clip_id']: item for item in (data[i] for i in range(len(data)))}


def test_donor_is_another_clip_of_another_group_and_passes_the_front_end_of_positives(s4):
    swap = dict(type='ReplaceAudio', mode='offscreen', donors=dict(dataset=s4))
    got = audio_of(s4, dict(type='LoadAudio'), swap, dict(type='VGGishLogMel'))
    plain = audio_of(s4, dict(type='LoadAudio'), dict(type='VGGishLogMel'))
    for name, item in got.items():
        donor = plain[item['audio_clip_id']]
        assert donor['category'] != item['category']
        assert item['category'] == plain[name]['category']
        torch.testing.assert_close(item['audio'], donor['audio'])


def test_pickled_positives_get_negatives_behind_the_front_end(s4):
    swap = dict(type='ReplaceAudio', mode='offscreen', donors=dict(dataset=s4))
    got = audio_of(s4, dict(type='LoadLogMelPickle'), swap, audio='log_mel')
    for item in got.values():
        assert item['audio_path'].endswith('.wav')
        torch.testing.assert_close(item['audio'], vggish_log_mel(*read_wav(item['audio_path'])))
    silent = audio_of(s4, dict(type='LoadLogMelPickle'), dict(type='ReplaceAudio', mode='silence'), audio='log_mel')
    for item in silent.values():
        torch.testing.assert_close(item['audio'], torch.full((5, 1, 96, 64), SILENCE))


@pytest.mark.parametrize('front_end', ['wav', 'log_mel'])
def test_official_negatives_are_the_published_log_mels(s4, front_end):
    before = (
        [dict(type='LoadLogMelPickle')]
        if front_end == 'log_mel'
        else [dict(type='LoadAudio'), dict(type='VGGishLogMel')]
    )

    def negatives(**arguments):
        step = dict(type='ReplaceAudio', construction='official', **arguments)
        return list(audio_of(s4, *before, step, audio=front_end).values())

    for item in negatives(mode='silence'):
        assert (item['audio'][:, :, :44] == -100).all()
        assert (item['audio'][:, :, 44:] == 0).all()
    noise = negatives(mode='noise')
    assert not torch.equal(noise[0]['audio'], noise[1]['audio'])
    for item in negatives(mode='offscreen', donors=dict(dataset=s4)):
        assert item['audio_clip_id'] != item['clip_id']
        torch.testing.assert_close(item['audio'], robust_log_mel(*read_wav(item['audio_path']), 5))


def test_official_negatives_can_be_told_by_statistics_and_corrected_ones_cannot(clip):
    positive = VGGishLogMel()(dict(clip))['audio']
    official = ReplaceAudio('noise', construction='official')(dict(clip, audio=positive))['audio']
    corrected = ReplaceAudio('noise')(dict(clip, audio=positive))['audio']
    assert (official[:, :, 44:] == 0).all()
    assert official[:, :, :44].mean((1, 2, 3)).abs().max() < 1e-5
    assert (corrected[:, :, 44:] != 0).all()
    torch.testing.assert_close(corrected, VGGishLogMel()(ReplaceAudio('noise')(dict(clip)))['audio'])


def test_asked_seconds_of_a_negative(clip):
    clip.update(num_frames=2, num_seconds=5, audio_seconds=[3, 0])
    front_end = VGGishLogMel()
    for construction in ('official', 'corrected'):
        replace = ReplaceAudio('noise', construction=construction)
        got = replace(front_end(dict(clip)))['audio']
        every = replace(dict(clip, audio=torch.zeros(5, 1, 96, 64), audio_seconds=list(range(5))))['audio']
        torch.testing.assert_close(got, every[[3, 0]])


def test_places_where_replace_audio_cannot_work(clip, s4, tmp_path):
    with pytest.raises(ValueError, match='put a front end before it'):
        ReplaceAudio('noise', construction='official')(dict(clip))
    with pytest.raises(ValueError, match='construction must be one of'):
        ReplaceAudio('noise', construction='published')
    with pytest.raises(ValueError, match="has no clip 'c1'; give it the split"):
        ReplaceAudio('offscreen', donors=dict(dataset=s4))(dict(clip))
    ms3 = dict(type='AVSBenchMS3Dataset', data_root=str(make_ms3(tmp_path)), split='test')
    with pytest.raises(FileNotFoundError, match=r"recipes_file='recipes\.json'"):
        ReplaceAudio('offscreen', donors=dict(dataset=ms3))


def test_mono_donor_fills_the_channels_of_a_stereo_clip(tmp_path, clip):
    write_wav(tmp_path / 'off' / 'a.wav', 2)
    got = ReplaceAudio('offscreen', offscreen_dir=tmp_path / 'off')(dict(clip))['waveform']
    assert got.shape == clip['waveform'].shape
    np.testing.assert_array_equal(got[0], got[1])


def training_clip(clip):
    return dict(
        clip,
        gt_masks=np.ones((5, 2, 2), np.uint8),
        frame_annotated=[True] + [False] * 4,
        frame_labelled=[True] + [False] * 4,
    )


def test_share_of_negatives_with_empty_masks(clip, tmp_path):
    write_wav(tmp_path / 'off' / 'a.wav', 5, seed=7)
    sound = read_wav(tmp_path / 'off' / 'a.wav')[0]
    np.random.seed(0)
    offscreen = [RandomNegativeAudio(0.2, ('silence', 'noise'))(training_clip(clip)) for _ in range(1000)]
    kinds = [0 if got['gt_masks'].any() else 1 if not got['waveform'].any() else 2 for got in offscreen]
    counts = np.bincount(kinds)
    assert counts[0] == pytest.approx(800, abs=40)
    assert counts[1] == pytest.approx(100, abs=30)
    for got, kind in zip(offscreen, kinds, strict=True):
        assert np.array_equal(got['waveform'], clip['waveform']) == (kind == 0)
        assert got['frame_annotated'] == [True] + [False] * 4
    always = ReplaceAudio('offscreen', offscreen_dir=tmp_path / 'off')(training_clip(clip))
    np.testing.assert_array_equal(always['waveform'][:1], sound)
    untouched = RandomNegativeAudio(0.0, ('noise',))(training_clip(clip))
    assert untouched['gt_masks'].all()


def test_negatives_may_label_all_frames(clip):
    got = RandomNegativeAudio(1.0, ('silence',), label_all_frames=True)(training_clip(clip))
    assert got['frame_annotated'] == got['frame_labelled'] == [True] * 5
    assert not got['gt_masks'].any()


def test_folder_of_sounds_serves_the_offscreen_half_only(clip, tmp_path):
    write_wav(tmp_path / 'off' / 'a.wav', 5, seed=7)
    transform = RandomNegativeAudio(1.0, offscreen_dir=tmp_path / 'off')
    np.random.seed(0)
    loud = [transform(training_clip(clip))['waveform'].any() for _ in range(40)]
    assert 5 < sum(loud) < 35


def test_half_of_the_negatives_is_offscreen_by_default(s4):
    transform = RandomNegativeAudio(1.0, donors=dict(dataset=s4), construction='official')
    assert [step.mode for step in transform.replacements] == ['offscreen', 'silence']
    assert all(step.empty_target and step.construction == 'official' for step in transform.replacements)
    with pytest.raises(ValueError, match='one of offscreen_dir and donors'):
        RandomNegativeAudio(0.1)


def test_bad_options_of_random_negative_audio(clip):
    with pytest.raises(ValueError, match=r'share must lie in \[0, 1\], got 10'):
        RandomNegativeAudio(10, ('silence',))
    with pytest.raises(ValueError, match='modes must be a non-empty sequence'):
        RandomNegativeAudio(0.1, 'silence')
    with pytest.raises(ValueError, match='put LoadClipMasks before it'):
        RandomNegativeAudio(0.1, ('silence',))(dict(clip))


@pytest.mark.parametrize('mode', ['silence', 'noise', 'offscreen'])
def test_negatives_of_a_short_clip_have_all_examples(tmp_path, mode):
    """The start-time rule of AVSBench leaves clips below 5 s, whose examples the front end fills up."""
    write_wav(tmp_path / 'short.wav', 4.5)
    write_wav(tmp_path / 'off' / 'a.wav', 2, sample_rate=11025)
    short = LoadAudio()(dict(audio_path=str(tmp_path / 'short.wav'), clip_id='c1', num_frames=5))
    positive = VGGishLogMel(short_audio='repeat_last')(short)
    folder = dict(offscreen_dir=tmp_path / 'off') if mode == 'offscreen' else {}
    assert ReplaceAudio(mode, **folder)(positive)['audio'].shape == (5, 1, 96, 64)


def test_donor_of_another_rate_fills_the_last_example(tmp_path):
    write_wav(tmp_path / 'off' / 'a.wav', 2, sample_rate=11025)
    exact = dict(waveform=np.zeros((1, 15600), np.float32), sample_rate=16000, clip_id='c1', num_frames=1)
    got = ReplaceAudio('offscreen', offscreen_dir=tmp_path / 'off')(exact)
    assert VGGishLogMel()(got)['audio'].shape == (1, 1, 96, 64)


@pytest.mark.parametrize('arguments', [dict(), dict(seconds=1.0, num_rows=96), dict(stereo=True)])
def test_log_mels_of_vggish_do_not_replace_those_of_another_front_end(arguments):
    waveform = np.zeros((2 if arguments.get('stereo') else 1, 48000), np.float32)
    clip = CAVPMel(**arguments)(dict(waveform=waveform, sample_rate=16000, clip_id='c1', num_frames=1))
    for construction in ('corrected', 'official'):
        with pytest.raises(ValueError, match=r'CAVPMel has made the audio .*; put it before the front end'):
            ReplaceAudio('noise', construction=construction)(dict(clip))
    with pytest.raises(ValueError, match='another front end has made the audio'):
        ReplaceAudio('noise')(dict(audio=torch.zeros(1, 1, 300, 64), clip_id='c1', num_frames=1))


@pytest.mark.parametrize('stereo', [False, True])
def test_donor_of_vpo_is_mixed_as_the_clip_itself_would_be(tmp_path, stereo):
    root = make_vpo(tmp_path)
    dataset = dict(type='VPODataset', data_root=str(root), split='train', subset=['ss', 'ms', 'msmi'])

    def items(*more):
        steps = [dict(type='LoadSources'), dict(type='MixSources', stereo=stereo), *more]
        data = DATASETS.build(dict(dataset, pipeline=steps))
        return {item['clip_id']: item for item in (data[i] for i in range(len(data)))}

    plain = items()
    got = items(dict(type='ReplaceAudio', mode='offscreen', donors=dict(dataset=dataset)))
    assert {len(plain[item['audio_clip_id']]['audio_paths']) for item in got.values()} == {1, 2}
    for item in got.values():
        np.testing.assert_array_equal(item['waveform'], plain[item['audio_clip_id']]['waveform'])


def test_single_file_is_as_loud_in_stereo_as_a_source_in_the_middle(tmp_path):
    write_wav(tmp_path / 'off' / 'a.wav', 4)
    replace = ReplaceAudio('offscreen', offscreen_dir=tmp_path / 'off')
    clip = dict(sources=np.zeros((3, 48000), np.float32), sample_rate=16000, clip_id='c1', num_frames=1)
    mono = replace(dict(clip, waveform=np.zeros((1, 48000), np.float32)))['waveform']
    np.testing.assert_array_equal(mono[0], read_wav(tmp_path / 'off' / 'a.wav')[0][0, 8000:56000])
    both = replace(dict(clip, waveform=np.zeros((2, 48000), np.float32)))['waveform']
    np.testing.assert_array_equal(both, np.stack([mono[0], mono[0]]) / 2)
