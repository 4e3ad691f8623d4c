"""Frames and wav files from videos, against the official rule written out plainly."""

import shutil
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import soundfile
import torch
from downloads import tree_hash
from layouts import make_ms3, make_s4

from mmavs.audio import vggish_log_mel
from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset
from mmavs.datasets.transforms import read_log_mel_pickle
from mmavs.preparation import MS3, S4, Options, prepare
from mmavs.preparation.raw_videos import frame_numbers, read_audio, read_frames


def make_video(path, seconds=5.0, rate=25, tone=440.0, sample_rate=44100, sound=True):
    """Frames of one grey each (2 * number), a tone on the left and half of it on the right; no loss in either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', format='matroska') as container:
        video = container.add_stream('ffv1', rate=Fraction(rate).limit_denominator(1001))
        video.width, video.height, video.pix_fmt = 64, 48, 'bgr0'
        audio = container.add_stream('pcm_s16le', rate=sample_rate, layout='stereo') if sound else None
        for number in range(round(seconds * rate)):
            grey = np.full((48, 64, 3), min(2 * number, 255), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(grey, 'rgb24').reformat(format='bgr0')))
        container.mux(video.encode())
        if sound:
            wave = np.sin(2 * np.pi * tone * np.arange(round(seconds * sample_rate)) / sample_rate)
            samples = np.stack([wave, wave / 2], 1) * 20000
            frame = av.AudioFrame.from_ndarray(samples.round().astype(np.int16).reshape(1, -1), 's16', 'stereo')
            frame.sample_rate = sample_rate
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def test_frame_numbers_are_those_of_the_official_script():
    for rate in (25.0, 29.97, 12.5, 24.0, 8.0, 59.94):
        interval = round(rate)
        numbers = [int(s * interval + (i * 1.0 / 16) * interval) for s in range(5) for i in range(16)]
        assert frame_numbers(rate, 5) == [n for k, n in enumerate(numbers) if k % 16 == 15]


@pytest.mark.parametrize(('rate', 'seconds'), [(25, 5.0), (29.97, 5.0), (10, 3.3)])
def test_frames_follow_the_rule_and_the_last_one_stands_in(rate, seconds, tmp_path):
    path = make_video(tmp_path / 'a.mp4', seconds, rate)
    with av.open(str(path)) as container:
        decoded = [cv2.resize(f.to_ndarray(format='rgb24'), (224, 224)) for f in container.decode(video=0)]
    frames = read_frames(str(path), 5)
    assert frames.shape == (5, 224, 224, 3)
    for second, frame in enumerate(frames):
        number = min(int(second * round(rate) + 15 / 16 * round(rate)), len(decoded) - 1)
        np.testing.assert_array_equal(frame, decoded[number])


def make_timed_video(path, codec, milliseconds, sound=False):
    """Frames at given times, each with its number in eight black or white stripes."""
    with av.open(str(path), 'w', format='matroska' if codec == 'ffv1' else 'mp4') as container:
        video = container.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, 'bgr0' if codec == 'ffv1' else 'yuv420p'
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.max_b_frames = 0 if codec == 'ffv1' else 2
        audio = container.add_stream('pcm_s16le', rate=8000, layout='mono') if sound else None
        for number, time in enumerate(milliseconds):
            stripes = [255 * (number >> bit & 1) for bit in range(8)]
            picture = np.tile(np.repeat(np.uint8(stripes), 8)[None, :, None], (48, 1, 3))
            frame = av.VideoFrame.from_ndarray(picture, 'rgb24').reformat(format=video.pix_fmt)
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), 's16', 'mono')
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def stripes_of(frame):
    return sum(int(frame[112, 28 * bit + 14, 0] > 127) << bit for bit in range(8))


EVEN = range(0, 5000, 40)
TIMES = {
    'constant': EVEN,
    'a second is missing': [*EVEN[:50], *EVEN[75:]],
    'half the rate after 1.6 s': [*EVEN[:40], *EVEN[40::2]],
    'more frames than the rate': [*range(0, 2000, 20), *EVEN[50:]],
    'slow, then fast': [*range(0, 2000, 100), *range(2000, 5000, 33)],
    'halves of a frame': [*EVEN[:50], *(time + 20 for time in EVEN[50:])],
}
# what imageio-ffmpeg 0.4.7 (ffmpeg 4.2.2) and the lines of the official script make of these files
OFFICIAL = {
    ('ffv1', 'constant'): [23, 48, 73, 98, 123],
    ('ffv1', 'a second is missing'): [23, 48, 49, 73, 98],
    ('ffv1', 'half the rate after 1.6 s'): [23, 44, 57, 69, 82],
    ('ffv1', 'more frames than the rate'): [42, 92, 121, 146, 171],
    ('ffv1', 'slow, then fast'): [9, 19, 46, 76, 106],
    ('ffv1', 'halves of a frame'): [23, 48, 72, 97, 122],
    ('mpeg4', 'constant'): [23, 48, 73, 98, 123],
    ('mpeg4', 'a second is missing'): [23, 48, 49, 73, 98],
    ('mpeg4', 'half the rate after 1.6 s'): [23, 44, 57, 69, 82],
    ('mpeg4', 'more frames than the rate'): [46, 96, 123, 148, 173],
    ('mpeg4', 'slow, then fast'): [9, 19, 41, 72, 102],
    ('mpeg4', 'halves of a frame'): [23, 48, 73, 98, 123],
}


@pytest.mark.parametrize(('codec', 'name'), OFFICIAL)
def test_frames_of_a_variable_rate_are_those_shown_at_the_time(tmp_path, codec, name):
    path = make_timed_video(tmp_path / 'a.mp4', codec, TIMES[name])
    assert [stripes_of(frame) for frame in read_frames(str(path), 5)] == OFFICIAL[codec, name]


def test_a_picture_that_starts_behind_the_sound_is_shown_until_then(tmp_path):
    path = make_timed_video(tmp_path / 'a.mp4', 'ffv1', EVEN[50:], sound=True)
    assert [stripes_of(frame) for frame in read_frames(str(path), 5)] == [0, 0, 23, 48, 73]


def test_official_audio_takes_the_nearest_sample_of_44100(tmp_path):
    path = make_video(tmp_path / 'a.mp4', 5.0, tone=1000.0)
    found = read_audio(str(path))
    wave = np.sin(2 * np.pi * 1000.0 * np.arange(5 * 44100) / 44100)
    samples = (np.stack([wave, wave / 2], 1) * 20000).round()
    assert found.shape == (80000, 2)
    assert found.dtype == np.int16
    nearest = [min(round(44100 * (k / 16000)), len(samples) - 1) for k in range(80000)]
    np.testing.assert_array_equal(found, samples[nearest])


def test_a_tone_above_8_khz_folds_down_officially_and_vanishes_with_low_pass(tmp_path):
    path = make_video(tmp_path / 'a.mp4', 5.0, tone=11000.0)
    official, clean = (read_audio(str(path), rule).astype(float) for rule in ('official', 'low_pass'))
    assert official.shape == clean.shape == (80000, 2)
    inside = slice(1000, -1000)
    assert np.abs(official[inside]).max() > 15000
    assert np.abs(clean[inside]).max() < 30
    spectrum = np.abs(np.fft.rfft(official[inside, 0]))
    assert abs(spectrum.argmax() * 16000 / len(official[inside]) - 5000) < 2
    with pytest.raises(ValueError, match='audio rule'):
        read_audio(str(path), 'none')


def test_loud_audio_is_clipped_as_published(tmp_path):
    path = tmp_path / 'a.mp4'
    with av.open(str(path), 'w', format='matroska') as container:
        stream = container.add_stream('pcm_s16le', rate=44100, layout='stereo')
        frame = av.AudioFrame.from_ndarray(np.full((1, 2 * 44100), 32767, np.int16), 's16', 'stereo')
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
    assert np.unique(read_audio(str(path))).tolist() == [int(32768 * 0.99)]


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'nothing')
    with pytest.raises(ValueError, match=r'bad\.mp4.*cannot be decoded.*download it again'):
        read_frames(str(tmp_path / 'bad.mp4'), 5)
    silent = make_video(tmp_path / 'silent.mp4', 1.0, sound=False)
    with pytest.raises(ValueError, match=r'silent\.mp4.*has no audio track'):
        read_audio(str(silent))


@pytest.mark.parametrize('name', ['s4', 'ms3'])
def test_sets_are_rebuilt_from_videos(name, tmp_path, capsys):
    make, layout, kind = dict(s4=(make_s4, S4, AVSBenchS4Dataset), ms3=(make_ms3, MS3, AVSBenchMS3Dataset))[name]
    options = dict(categories=('helicopter',)) if name == 's4' else {}
    root = make(tmp_path / 'download', clips=1, **options)
    data = root / f'{name}_data'
    clips = {}
    for wav in sorted(data.glob('audio_wav/**/*.wav')):
        below = wav.relative_to(data / 'audio_wav').with_suffix('.mp4')
        below = below if name == 's4' else below.name
        clips[wav.stem] = make_video(data / 'raw_videos' / below, 5.0, tone=300 + 100 * len(clips))
    for folder in ('visual_frames', 'audio_wav', 'audio_log_mel'):
        shutil.rmtree(data / folder)
    masks = [path for path in data.glob('gt_masks/**/*.png')]
    for path in masks:
        cv2.imwrite(str(path), np.zeros((224, 224), np.uint8))
    before, out = tree_hash(tmp_path / 'download'), tmp_path / 'out'
    todo = Options(sources=[root], out=out, expect='found', from_raw=root, caches=['log_mel'])
    assert prepare([layout], todo) == 0
    assert 'complete' in capsys.readouterr().out
    assert tree_hash(tmp_path / 'download') == before
    pipeline = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks'), dict(type='LoadAudio')]
    for split in ('train', 'val', 'test'):
        for clip in kind(out / layout.folder, split, pipeline):
            video = str(clips[clip['clip_id']])
            np.testing.assert_array_equal(clip['frames'], read_frames(video, 5))
            samples, rate = soundfile.read(clip['audio_path'], dtype='int16')
            assert rate == 16000
            np.testing.assert_array_equal(samples, read_audio(video))
            log_mel = clip['audio_path'].replace('audio_wav', 'audio_log_mel').replace('.wav', '.pkl')
            assert torch.equal(read_log_mel_pickle(log_mel), vggish_log_mel(clip['waveform'], 16000)[:5])
    stamps = {path: path.lstat().st_mtime_ns for path in out.rglob('*.*')}
    next(out.glob('**/visual_frames/**/*_3.png')).unlink()
    assert prepare([layout], todo) == 0  # only what is lost is made again
    again = {path: path.lstat().st_mtime_ns for path in out.rglob('*.*')}
    assert sum(again[path] != stamps[path] for path in again if path.is_file() and '.prepare' not in path.name) == 1
    clips['val-clip0' if name == 'ms3' else 'heli_val0'].unlink()
    assert prepare([layout], Options(sources=[root], out=tmp_path / 'o2', expect='found', from_raw=root)) == 1
    assert '1 videos are missing' in capsys.readouterr().out
