import numpy as np
import pytest
import torch
from layouts import picture, write_wav

from mmavs.audio import resample, vggish_log_mel
from mmavs.datasets.transforms import (
    CAVPMel,
    LoadSources,
    MixSources,
    PackAVSInputs,
    RandomFlipClip,
    SampleFrames,
    VGGishLogMel,
)
from mmavs.datasets.transforms.vpo_audio import central_cut, pan
from mmavs.models.data_preprocessors import AVSDataPreprocessor


@pytest.fixture
def clip(tmp_path):
    paths = [tmp_path / f'{i}.wav' for i in range(3)]
    for i, (path, seconds, rate, channels) in enumerate(
        zip(paths, (4.0, 3.2, 1.0), (16000, 44100, 16000), (1, 2, 1), strict=True)
    ):
        write_wav(path, seconds, i, rate, channels)
    masks = np.random.default_rng(0).integers(0, 22, (1, 24, 32)).astype(np.uint8)
    return dict(
        audio_paths=[str(path) for path in paths],
        audio_path=str(paths[0]),
        audio_positions=[0.3, 1.0, 0.05],
        num_frames=1,
        frames=picture(0)[None],
        gt_masks=masks,
        frame_annotated=[True],
        frame_labelled=[True],
    )


def run(clip, *steps):
    results = dict(clip)
    for step in steps:
        results = step(results)
    return results


def test_sources_are_resampled_averaged_and_cut(clip):
    got = LoadSources()(dict(clip))
    assert got['sources'].shape == (3, 48000)
    assert got['sample_rate'] == 16000
    noise = np.random.default_rng(1).integers(-3000, 3000, (round(3.2 * 44100), 2), dtype=np.int16)
    wave = resample(torch.from_numpy(noise.astype(np.float32).mean(1) / 32768), 44100, 16000).numpy()
    start = len(wave) // 2 - 24000
    np.testing.assert_allclose(got['sources'][1], wave[start : start + 48000], atol=1e-6)
    third = got['sources'][2]
    np.testing.assert_array_equal(third[:16000], third[16000:32000])


@pytest.mark.parametrize('length', [48000, 48001, 52345, 40001, 30000, 10000, 7])
def test_central_cut_follows_the_two_rules(length):
    wave = np.random.default_rng(length).normal(size=length).astype(np.float32)

    def published(x):
        middle = x.shape[1] // 2
        start = middle - 48000 // 2
        x = x[:, start : start + 48000]
        return x if x.shape[1] == 48000 else x.repeat(1, 48000 // x.shape[1] + 1)[:, :48000]

    want = published(torch.from_numpy(wave)[None])[0].numpy()
    np.testing.assert_array_equal(central_cut(wave, 48000, 'published'), want)
    corrected = central_cut(wave, 48000)
    np.testing.assert_array_equal(corrected, want if length >= 48000 else np.resize(wave, 48000))


def test_mono_is_the_sum(clip):
    got = run(clip, LoadSources(), MixSources())
    np.testing.assert_allclose(got['waveform'], got['sources'].astype(np.float64).sum(0)[None], atol=1e-6)


def test_places_are_left_and_right(clip):
    got = run(clip, LoadSources(), MixSources(stereo=True))
    sources = got['sources'].astype(np.float64)
    left = sum(w * (1 - p) for w, p in zip(sources, clip['audio_positions'], strict=True))
    right = sum(w * p for w, p in zip(sources, clip['audio_positions'], strict=True))
    np.testing.assert_allclose(got['waveform'], np.stack([left, right]), atol=1e-6)
    with pytest.raises(ValueError, match='3 sources need one position'):
        pan(got['sources'], [0.5, 0.5])


@pytest.mark.parametrize('order', ['before', 'between', 'behind'])
def test_a_mirrored_picture_has_mirrored_sound_whatever_the_order(clip, order):
    flip, load, mix, mel = RandomFlipClip(1.0), LoadSources(), MixSources(stereo=True), CAVPMel(stereo=True)
    steps = dict(before=[flip, load, mix, mel], between=[load, mix, flip, mel], behind=[load, mix, mel, flip])[order]
    plain, mirrored = run(clip, load, mix, mel), run(clip, *steps)
    np.testing.assert_array_equal(mirrored['frames'], plain['frames'][:, :, ::-1])
    np.testing.assert_array_equal(mirrored['gt_masks'], plain['gt_masks'][:, :, ::-1])
    np.testing.assert_array_equal(mirrored['waveform'], plain['waveform'][::-1])
    torch.testing.assert_close(mirrored['audio'], plain['audio'].flip(1), rtol=0, atol=1e-5)
    # the published rule, up to rounding: an object at p is heard at 1 - p
    np.testing.assert_allclose(
        mirrored['waveform'], pan(plain['sources'], [1 - p for p in clip['audio_positions']]), atol=1e-6
    )
    twice = run(clip, flip, load, mix, flip, mel)
    np.testing.assert_array_equal(twice['waveform'], plain['waveform'])


def test_the_published_loader_of_single_sources_leaves_the_sound(clip):
    steps = [LoadSources(), MixSources(stereo=True, follow_flip=False)]
    plain = run(clip, *steps)['waveform']
    np.testing.assert_array_equal(run(clip, RandomFlipClip(1.0), *steps)['waveform'], plain)
    np.testing.assert_array_equal(run(clip, *steps, RandomFlipClip(1.0))['waveform'], plain)


def test_mono_sound_does_not_change_with_the_picture(clip):
    plain = run(clip, LoadSources(), MixSources(), CAVPMel())
    mirrored = run(clip, LoadSources(), MixSources(), CAVPMel(), RandomFlipClip(1.0))
    assert torch.equal(plain['audio'], mirrored['audio'])


def test_vggish_hears_the_centre(clip):
    got = run({**clip, 'audio_paths': clip['audio_paths'][:2]}, LoadSources(seconds=None), MixSources(), VGGishLogMel())
    assert got['audio'].shape == (1, 1, 96, 64)
    assert got['waveform'].shape == (1, 15600)
    whole = run({**clip, 'audio_paths': clip['audio_paths'][:2]}, LoadSources(), MixSources())['waveform']
    centre = whole[:, 24000 - 7800 : 24000 + 7800]
    torch.testing.assert_close(got['audio'], vggish_log_mel(centre, 16000))


@pytest.mark.parametrize('stereo', [False, True])
def test_packing_and_batching_keep_the_shape(clip, stereo):
    steps = [LoadSources(), MixSources(stereo=stereo), CAVPMel(stereo=stereo), PackAVSInputs()]
    packed = run(clip, *steps)
    assert packed['inputs']['audio'].shape == (1, 1 + stereo, 300, 64)
    assert packed['inputs']['audio'].dtype == torch.float32
    inputs = {key: [value, value] for key, value in packed['inputs'].items()}
    batch = AVSDataPreprocessor()(dict(inputs=inputs, data_samples=[packed['data_samples']] * 2))['inputs']
    assert batch['audio'].shape == (2, 1, 1 + stereo, 300, 64)
    assert torch.equal(batch['audio'][1, 0], packed['inputs']['audio'][0])


def test_mel_of_a_video_has_one_piece_per_second():
    wave = np.random.default_rng(0).normal(0, 0.1, (1, 5 * 16000)).astype(np.float32)
    clip = dict(waveform=wave, sample_rate=16000, num_frames=5, audio_path='a.wav')
    front_end = CAVPMel(num_rows=96, seconds=1.0)
    audio = front_end(dict(clip))['audio']
    assert audio.shape == (5, 1, 96, 64)
    alone = front_end({**clip, 'waveform': wave[:, 32000:48000], 'num_frames': 1})['audio']
    torch.testing.assert_close(audio[2:3], alone)
    sampled = run(clip, SampleFrames(indices=(3, 1)), front_end)['audio']
    assert torch.equal(sampled, audio[[3, 1]])
    with pytest.raises(ValueError, match=r"'a\.wav' has 80000 samples .* 6 pieces of 16000"):
        front_end({**clip, 'num_frames': 6})


def test_wrong_use_is_named(clip, tmp_path):
    with pytest.raises(ValueError, match='"audio_paths" of VPODataset'):
        LoadSources()({})
    with pytest.raises(ValueError, match='put LoadSources before it'):
        MixSources()({})
    with pytest.raises(ValueError, match='put LoadSources and MixSources'):
        CAVPMel()({})
    with pytest.raises(ValueError, match='pass stereo=True to MixSources too'):
        run(clip, LoadSources(), MixSources(), CAVPMel(stereo=True))
    with pytest.raises(ValueError, match='short_audio must be'):
        LoadSources(short_audio='x')
    with pytest.raises(ValueError, match='seconds must be positive'):
        LoadSources(seconds=0)
    clip['audio_paths'][1] = str(tmp_path / 'gone.wav')
    with pytest.raises(FileNotFoundError, match=r'gone\.wav'):
        LoadSources()(clip)
