import struct
import wave

import numpy as np
import pytest
import soundfile

from mmavs.audio import read_wav


def write(path, samples, sample_rate=16000):
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype('<i2').tobytes())
    return path


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(-32768, 32767, (700, 2))


def test_16_bit_samples_come_back_over_32768_with_channels_first(tmp_path, noise):
    samples, sample_rate = read_wav(write(tmp_path / 'a.wav', noise, 44100))
    assert sample_rate == 44100
    assert samples.dtype == np.float32
    assert samples.flags.c_contiguous
    np.testing.assert_array_equal(samples, (noise.T / 32768).astype(np.float32))


@pytest.mark.parametrize('subtype', ['PCM_U8', 'PCM_24', 'FLOAT', 'DOUBLE'])
def test_other_codings_of_the_samples(tmp_path, noise, subtype):
    soundfile.write(tmp_path / 'a.wav', noise / 32768, 8000, subtype=subtype)
    samples, sample_rate = read_wav(tmp_path / 'a.wav')
    assert sample_rate == 8000
    np.testing.assert_allclose(samples, noise.T / 32768, atol=1 / 100 if subtype == 'PCM_U8' else 1e-6)


def test_unknown_chunks_and_a_streamed_length_are_no_damage(tmp_path, noise):
    data = write(tmp_path / 'a.wav', noise).read_bytes()
    chunk = b'LIST' + struct.pack('<I', 3) + b'abc\0'
    (tmp_path / 'b.wav').write_bytes(data[:36] + chunk + data[36:])
    np.testing.assert_array_equal(read_wav(tmp_path / 'b.wav')[0], read_wav(tmp_path / 'a.wav')[0])
    (tmp_path / 'c.wav').write_bytes(data[:40] + b'\xff' * 4 + data[44:])
    np.testing.assert_array_equal(read_wav(tmp_path / 'c.wav')[0], read_wav(tmp_path / 'a.wav')[0])


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (truncate, 'truncated: its header promises 2800 bytes of samples, 2700'),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), 'no data chunk'),
        (lambda path: path.write_bytes(b''), 'is empty'),
        (lambda path: path.write_bytes(b'ID3\x04' + bytes(4000)), 'is not a wav file'),
        (lambda path: path.write_bytes(b'\xff\xfb\x90\x00' * 900), 'is not a wav file'),
        (lambda path: write(path, np.zeros((0, 1))), '0 samples'),
        (lambda path: soundfile.write(path, np.array([0.0, np.nan]), 16000, subtype='FLOAT'), 'NaN'),
        (
            lambda path: path.write_bytes(path.read_bytes()[:20] + b'\xee\xee' + path.read_bytes()[22:]),
            'cannot be decoded',
        ),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, noise, damage, message):
    path = write(tmp_path / 'clip.wav', noise)
    damage(path)
    with pytest.raises(ValueError, match=message) as error:
        read_wav(path)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    for path in (tmp_path / 'no.wav', tmp_path):
        with pytest.raises(FileNotFoundError, match='does not exist'):
            read_wav(path)
