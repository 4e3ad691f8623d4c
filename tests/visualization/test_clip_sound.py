import numpy as np
import pytest
import soundfile

from mmavs.audio import read_wav, vggish_log_mel
from mmavs.structures import AVSDataSample
from mmavs.visualization.clip_sound import clip_waveform


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    samples = 0.2 * rng.standard_normal((3 * 16000, 2)) * np.linspace(0.05, 1, 3 * 16000)[:, None]
    soundfile.write(tmp_path / 'a.wav', samples, 16000)
    return tmp_path / 'a.wav'


def sample(path, **meta):
    return AVSDataSample(metainfo=dict(audio_path=str(path), **meta))


def log_mel(path):
    return vggish_log_mel(*read_wav(path))[:, 0].numpy()


def test_each_frame_gets_the_span_of_its_log_mel(path):
    mono = read_wav(path)[0].mean(0)
    out = clip_waveform(sample(path), 3, log_mel(path))
    assert out.shape == (3, 15360)
    for i in range(3):
        assert np.array_equal(out[i], mono[15360 * i : 15360 * (i + 1)])


def test_picked_seconds_are_read_and_the_end_is_silent(path):
    out = clip_waveform(sample(path, audio_seconds=[2, 0]), 2, log_mel(path)[[2, 0]])
    whole = clip_waveform(sample(path), 4)
    assert np.array_equal(out, whole[[2, 0]])
    assert not whole[3, 2000:].any()


def test_sound_that_the_model_has_not_heard_is_not_shown(path):
    silence = np.full((3, 96, 64), np.log(0.01), np.float32)
    assert clip_waveform(sample(path), 3, silence) is None
    assert clip_waveform(sample(path, audio_seconds=[0]), 1, log_mel(path)[[2]]) is None


def test_examples_padded_by_the_loader_are_not_compared(path):
    padded = np.concatenate([log_mel(path), np.zeros((2, 96, 64), np.float32)])
    assert clip_waveform(sample(path), 5, padded) is not None


def test_without_a_wav_file_there_is_no_waveform(tmp_path):
    assert clip_waveform(AVSDataSample(), 2) is None
    assert clip_waveform(sample('(waveform)'), 2) is None
    assert clip_waveform(sample(tmp_path / 'gone.wav'), 2) is None
    (tmp_path / 'a.pkl').write_bytes(b'x')
    assert clip_waveform(sample(tmp_path / 'a.pkl'), 2) is None


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / 'bad.wav').write_bytes(b'not a wav file')
    with pytest.raises(ValueError, match=r'bad\.wav'):
        clip_waveform(sample(tmp_path / 'bad.wav'), 2)
