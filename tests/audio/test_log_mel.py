import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mmavs.audio import log_mel_spectrogram, pad_or_cut_examples, vggish_log_mel
from mmavs.audio.log_mel import min_duration

GOLDEN = np.load(Path(__file__).parents[1] / 'data' / 'golden' / 'logmel.npz')


def relative_l2(got, want):
    return np.linalg.norm(np.asarray(got, np.float64) - want) / np.linalg.norm(want)


def sweep():
    t = np.arange(160000) / 16000
    return np.round(32767 * 0.5 * np.sin(2 * np.pi * (100 * t + 6900 / 20 * t**2))) / 32768


def stereo_noise():
    digest = hashlib.sha256(b'0:logmel.noise44k_stereo').digest()
    noise = np.random.default_rng(int.from_bytes(digest[:8], 'little')).standard_normal((220500, 2))
    return (np.clip(np.round(3000 * noise), -32768, 32767) / 32768).T


def test_golden_16_khz():
    got = vggish_log_mel(sweep(), 16000)
    assert got.shape == (10, 1, 96, 64)
    assert relative_l2(got[[0, 4, 9], :, ::2], GOLDEN['sweep16k_0_4_9']) < 2e-5
    exact = vggish_log_mel(sweep(), 16000, dtype=torch.float64)
    np.testing.assert_array_equal(exact[[0, 4, 9], :, ::2], GOLDEN['sweep16k_0_4_9'])


def test_golden_44_khz_stereo_with_resampling():
    got = vggish_log_mel(stereo_noise(), 44100)
    assert got.shape == (5, 1, 96, 64)
    assert relative_l2(got[[0, 4], :, ::2], GOLDEN['noise44k_0_4']) < 1e-6


def test_golden_with_the_resampling_filter_of_the_published_files():
    got = vggish_log_mel(stereo_noise(), 44100, 'kaiser_best_0.2')
    assert relative_l2(got[[2], :, ::2], GOLDEN['noise44k_2_old']) < 1e-4


def plain_log_mel(x):
    """Row by row in float64, from the published description."""

    def mel(f):
        return 1127 * math.log(1 + f / 700)

    edges = np.linspace(mel(125), mel(7500), 66)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    rows = []
    for start in range(0, len(x) - 399, 160):
        magnitude = np.abs(np.fft.rfft(x[start : start + 400] * window, 512))
        bands = []
        for low, centre, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
            weight = [
                max(0, min((mel(k * 31.25) - low) / (centre - low), (high - mel(k * 31.25)) / (high - centre)))
                if k
                else 0
                for k in range(257)
            ]
            bands.append(np.dot(weight, magnitude))
        rows.append(np.log(np.array(bands) + 0.01))
    return np.array(rows)


def test_equals_a_plain_implementation():
    x = np.random.default_rng(0).standard_normal(1500) * 0.1
    got = log_mel_spectrogram(torch.from_numpy(x))
    np.testing.assert_allclose(got, plain_log_mel(x), atol=1e-9)


def test_silence_is_the_log_of_the_offset():
    got = vggish_log_mel(np.zeros(16000), 16000)
    torch.testing.assert_close(got, torch.full((1, 1, 96, 64), math.log(0.01)))


def test_channels_are_averaged():
    x = np.random.default_rng(1).standard_normal((2, 20000))
    torch.testing.assert_close(vggish_log_mel(x, 16000), vggish_log_mel(x.mean(0), 16000))


def test_number_of_examples_and_shortest_duration_agree():
    for n in (1, 5, 10):
        samples = round(min_duration(n) * 16000)
        assert vggish_log_mel(np.zeros(samples), 16000).shape[0] == n
        assert vggish_log_mel(np.zeros(samples - 1), 16000).shape[0] == n - 1
    assert vggish_log_mel(np.zeros(100), 16000).shape == (0, 1, 96, 64)
    assert vggish_log_mel(np.zeros(5 * 16000), 16000).shape[0] == 5
    assert vggish_log_mel(np.zeros(10 * 16000), 16000).shape[0] == 10


def test_examples_last_960_ms():
    x = np.random.default_rng(2).standard_normal(40000)
    torch.testing.assert_close(vggish_log_mel(x, 16000)[1], vggish_log_mel(x[15360:], 16000)[0])


def test_integer_samples_and_odd_shapes_are_refused():
    with pytest.raises(TypeError, match='divide 16 bit by 32768'):
        vggish_log_mel(np.zeros(16000, np.int16), 16000)
    for shape in ((1, 2, 16000), (0,), ()):
        with pytest.raises(ValueError, match=r'must be \(channels, samples\)'):
            vggish_log_mel(np.zeros(shape), 16000)


def test_padding_rules_of_the_published_loaders():
    examples = torch.randn(3, 1, 96, 64)
    repeated = pad_or_cut_examples(examples, 5, 'repeat_last')
    assert torch.equal(repeated, torch.cat([examples, examples[2:], examples[2:]]))
    zeros = pad_or_cut_examples(examples, 5, 'zeros')
    assert torch.equal(zeros[:3], examples)
    assert zeros[3:].abs().max() == 0
    for mode in ('repeat_last', 'zeros'):
        assert torch.equal(pad_or_cut_examples(examples, 2, mode), examples[:2])
    with pytest.raises(ValueError, match='no example to repeat'):
        pad_or_cut_examples(examples[:0], 5)
    with pytest.raises(ValueError, match='mode must be'):
        pad_or_cut_examples(examples, 5, 'reflect')
