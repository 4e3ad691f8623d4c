import numpy as np
import pytest
import torch
from scipy import signal

from mmavs.audio.robust_log_mel import _filter, robust_log_mel, robust_noise


def slaney_edges(count, top):
    """Edges of equal width on the scale of Slaney's toolbox: linear below 1 kHz, 27 steps per factor 6.4 above."""
    scale = [f * 3 / 200 if f < 1000 else 15 + 27 * np.log(f / 1000) / np.log(6.4) for f in np.linspace(0, top, 200001)]
    return np.interp(np.linspace(0, scale[-1], count), scale, np.linspace(0, top, 200001))


def plain(second):
    """Log-mel of one second at 22.05 kHz, written out loop by loop."""
    padded = np.concatenate([np.zeros(512), second, np.zeros(512)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    power = np.array([np.abs(np.fft.rfft(padded[i : i + 1024] * window)) ** 2 for i in range(0, len(second) + 1, 512)])
    edges, frequencies = slaney_edges(66, 11025), np.arange(513) * 22050 / 1024
    mel = np.zeros((len(power), 64))
    for band in range(64):
        low, centre, high = edges[band : band + 3]
        rise, fall = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
        mel[:, band] = power @ (np.clip(np.minimum(rise, fall), 0, None) * 2 / (high - low))
    decibels = 10 * np.log10(np.maximum(mel, 1e-10))
    decibels = np.maximum(decibels, decibels.max() - 80)
    if decibels.std() > 0:
        decibels = (decibels - decibels.mean()) / decibels.std()
    return np.concatenate([decibels, np.zeros((96 - len(decibels), 64))])


def test_equals_the_formula_written_out():
    time = np.arange(3 * 22050) / 22050
    waveform = np.random.default_rng(0).normal(0, 0.05, (2, len(time)))
    waveform += np.sin(2 * np.pi * 440 * time) * (time > 1)
    got = robust_log_mel(waveform, 22050, 3)
    assert got.shape == (3, 1, 96, 64)
    assert got.dtype == torch.float32
    want = np.stack([plain(second) for second in waveform.mean(0).reshape(3, -1)])
    np.testing.assert_allclose(got[:, 0].numpy(), want, atol=1e-4)


def test_silence_is_a_block_of_minus_100_and_padding_of_zeros():
    got = robust_log_mel(np.zeros((1, 80000)), 16000, 5)
    assert (got[:, :, :44] == -100).all()
    assert (got[:, :, 44:] == 0).all()


def test_short_sound_is_padded_with_silence_and_long_sound_cut():
    waveform = np.random.default_rng(1).normal(0, 0.1, (1, 3 * 16000))
    got = robust_log_mel(waveform[:, : 2 * 16000], 16000, 3)
    torch.testing.assert_close(got[0], robust_log_mel(waveform, 16000, 3)[0])
    assert (got[2, :, :44] == -100).all()
    assert torch.equal(robust_log_mel(waveform, 16000, 2), robust_log_mel(waveform[:, : 2 * 16000], 16000, 2))


def test_tone_keeps_its_place_through_resampling():
    for rate in (16000, 44100, 22050):
        time = np.arange(rate) / rate
        got = robust_log_mel(np.sin(2 * np.pi * 1000 * time)[None], rate, 1)[0, 0]
        edges = slaney_edges(66, 11025)
        assert np.abs(edges[1 + int(got[20].argmax())] - 1000) < 60


def test_resampler_has_the_pass_band_of_the_published_one():
    # soxr at high quality, measured once: -0.07 dB at 0.93 of the Nyquist frequency of 16 kHz, -2.8 dB at 0.95, -34 dB at 0.98
    up, down, low_pass = _filter(16000)
    impulse = np.zeros(16000)
    impulse[8000] = 1
    response = np.abs(np.fft.rfft(signal.resample_poly(impulse, up, down, window=low_pass))) * 16000 / 22050
    decibels = 20 * np.log10(response[[7440, 7600, 7840]])
    np.testing.assert_allclose(decibels[:2], (-0.07, -2.83), atol=0.2)
    assert decibels[2] == pytest.approx(-34.4, abs=2)


def test_noise_is_float64_read_as_int16():
    got = robust_noise(5, np.random.default_rng(3))
    floats = np.random.default_rng(3).uniform(-1, 1, 5 * 44100 // 4)
    want = np.frombuffer(floats.tobytes(), '<i2').astype(np.float32) / 32768
    assert got.shape == (1, 5 * 44100)
    np.testing.assert_array_equal(got[0], want)
    # three of four samples are uniform, the fourth holds sign and exponent and is far from zero
    assert np.abs(got[0, 3::4]).min() > 0.1


def test_bad_arguments():
    for waveform, seconds in ((np.zeros(5), 1), (np.zeros((1, 0)), 1), (np.zeros((1, 9)), 0)):
        with pytest.raises(ValueError, match='not empty'):
            robust_log_mel(waveform, 16000, seconds)
