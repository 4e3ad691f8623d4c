import numpy as np
import pytest

from mmavs.avstamps.scenes import Thing
from mmavs.avstamps.sounds import LOG_SPEED, SPEED_BIN, draw_speed, gate, make_stem, mix, offscreen_clip, pan
from mmavs.avstamps.sources import SAMPLE_RATE

NOISE_FLOOR = 0.0126  # RMS of the white noise at its loudest, 18 dB below 0.1


def tone(seconds, hertz):
    return (0.1414 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(
        np.float32
    )


class Tones:
    def sound(self, name):
        return tone(1.5, dict(low=400, high=3000)[name])


def rms(samples):
    """RMS of every second of ``(n, 2)`` int16, both channels together."""
    return np.sqrt(((samples / 32767) ** 2).sum(1).reshape(-1, SAMPLE_RATE).mean(1))


def mixed(things, seconds=5, lost=None, seed=0, train=True):
    return mix(Tones(), things, seconds, train, np.random.default_rng(seed), lost or [False] * seconds)


def test_training_and_test_speeds_lie_in_different_bins():
    rng = np.random.default_rng(0)
    for train in (True, False):
        speeds = np.array([draw_speed(rng, train) for _ in range(300)])
        bins = ((np.log(speeds) - LOG_SPEED[0]) / SPEED_BIN).astype(int)
        assert set(bins % 2) == {0 if train else 1}
        assert len(set(bins)) >= 5
        assert 0.83 < speeds.min() < speeds.max() < 1.2


@pytest.mark.parametrize('train', [True, False])
def test_long_recordings_are_split_in_time(train):
    wave = np.concatenate([tone(3.25, 500), tone(1.75, 2500)])  # 65 % and 35 %
    for seed in range(10):
        stem = make_stem(wave, 5 * SAMPLE_RATE, train, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(stem))
        low, high = spectrum[2000:3200].max(), spectrum[10200:15500].max()  # 0.2 Hz per bin
        assert (low > 20 * high) if train else (high > 20 * low)


def test_every_second_of_a_stem_is_audible_and_its_level_is_near_a_tenth(procedural):
    for cls in procedural.catalog.classes[::5]:
        for seed in range(4):
            stem = make_stem(procedural.sound(cls.sounds[0]), 5 * SAMPLE_RATE, True, np.random.default_rng(seed))
            assert len(stem) == 5 * SAMPLE_RATE
            assert 0.07 < np.sqrt((stem**2).mean()) < 0.142
            assert np.sqrt((stem.reshape(5, -1) ** 2).mean(1)).min() > 1.5 * NOISE_FLOOR


def test_no_second_of_a_real_recording_drowns_in_the_noise(stamps):
    for cls in stamps.catalog.classes:
        for name in cls.sounds:
            for seed in range(6):
                stem = make_stem(stamps.sound(name), 5 * SAMPLE_RATE, seed % 2 == 0, np.random.default_rng(seed))
                assert np.sqrt((stem.reshape(5, -1) ** 2).mean(1)).min() > 1.4 * NOISE_FLOOR, name


def test_gate_opens_and_closes_at_whole_seconds():
    gain = gate([False, True, True, False])
    edge = SAMPLE_RATE // 100
    assert (gain[: SAMPLE_RATE - edge] == 0).all()
    assert (gain[SAMPLE_RATE + edge : 3 * SAMPLE_RATE - edge] == 1).all()
    assert (gain[3 * SAMPLE_RATE + edge :] == 0).all()
    assert np.abs(np.diff(gain)).max() < 0.01


@pytest.mark.parametrize(('x', 'left', 'right'), [(0, 1, 0), (1, 0, 1), (0.5, 0.5, 0.5)])
def test_pan_keeps_the_power(x, left, right):
    power = (pan(np.ones(4), x) ** 2).mean(0)
    np.testing.assert_allclose(power, [left, right], atol=1e-12)


def test_the_table_of_seconds_is_what_is_heard():
    on = [True, False, True, True, False]
    for seed in range(5):
        level = rms(mixed([Thing('a', 'i', 0.3, sound='low', on=on)], seed=seed))
        # 20 ms ramps at whole seconds reach 10 ms into the silent one
        assert level[~np.array(on)].max() < 2.5 * NOISE_FLOOR
        assert level[np.array(on)].min() > 4 * NOISE_FLOOR


def test_silent_things_are_not_heard():
    quiet = [Thing('b', 'i', 0.3, sound='high', on=[False] * 5)]
    assert rms(mixed(quiet)).max() < 2 * NOISE_FLOOR


def test_there_is_never_digital_silence():
    assert np.abs(mixed([])).reshape(5, -1).max(1).min() > 0


def test_the_position_is_heard():
    for x, louder in ((0.1, 0), (0.9, 1)):
        energy = (mixed([Thing('a', 'i', 0.3, x=x, sound='low', on=[True] * 5)]).astype(float) ** 2).sum(0)
        assert energy.argmax() == louder
        assert energy.max() > 10 * energy.min()


def test_two_sounds_are_added():
    both = mixed([Thing('a', 'i', 0.3, sound='low', on=[True] * 5), Thing('b', 'i', 0.3, sound='high', on=[True] * 5)])
    spectrum = np.abs(np.fft.rfft(both.mean(1)))  # 0.2 Hz per bin
    floor = np.median(spectrum)
    assert spectrum[1650:2450].max() > 50 * floor
    assert spectrum[12500:18000].max() > 20 * floor


def test_a_lost_second_holds_noise_of_the_same_level():
    lost = [False, True, False, False, True]
    samples = mixed([Thing('a', 'i', 0.3, sound='low', on=[True] * 5)], lost=lost)
    assert (rms(samples)[np.array(lost)] > 0.08).all()
    for second, hidden in enumerate(lost):
        part = samples[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE].mean(1)
        spectrum = np.abs(np.fft.rfft(part))
        assert (spectrum[300:550].max() > 8 * np.sqrt((spectrum**2).mean())) != hidden


def test_offscreen_clip_fills_five_seconds():
    clip = offscreen_clip(tone(0.7, 500), 5)
    assert clip.shape == (5 * SAMPLE_RATE, 2)
    assert clip.dtype == np.int16
    assert rms(clip).min() > 0.1
