import itertools

import numpy as np
import pytest

from mmavs.avstamps.sources import FILES, SAMPLE_RATE, StampsSource, noise_background, tidy_cutout, tidy_sound


def tone(seconds, hertz=500, rate=SAMPLE_RATE, level=0.5):
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def longest_silence(wave):
    quiet = np.abs(wave) < 1e-3
    return max((len(list(run)) for value, run in itertools.groupby(quiet) if value), default=0) / SAMPLE_RATE


def test_sound_is_trimmed_its_gaps_cut_and_its_level_set():
    hush = np.zeros(2 * SAMPLE_RATE, np.float32)
    wave = tidy_sound(np.concatenate([hush, tone(0.5), hush, tone(0.5), hush]), SAMPLE_RATE)
    assert 1.0 <= len(wave) / SAMPLE_RATE <= 1.4
    assert longest_silence(wave) <= 0.31
    assert np.sqrt((wave**2).mean()) == pytest.approx(0.1, rel=1e-3)


def test_short_pauses_survive():
    wave = tidy_sound(np.concatenate([tone(0.5), np.zeros(SAMPLE_RATE // 5, np.float32), tone(0.5)]), SAMPLE_RATE)
    assert len(wave) / SAMPLE_RATE == pytest.approx(1.2, abs=0.03)


def test_a_fading_tail_is_no_sound():
    tail = tone(2, level=0.02)  # 28 dB below the rest: inaudible under the noise of a clip
    assert len(tidy_sound(np.concatenate([tone(0.5), tail]), SAMPLE_RATE)) / SAMPLE_RATE < 0.8


def test_stereo_at_another_rate_becomes_mono_at_16_khz():
    wave = tidy_sound(np.stack([tone(1, rate=44100)] * 2, 1), 44100)
    assert len(wave) == pytest.approx(SAMPLE_RATE, abs=400)
    assert np.abs(np.fft.rfft(wave)).argmax() * SAMPLE_RATE / len(wave) == pytest.approx(500, abs=3)


def test_a_silent_recording_stays_empty():
    assert len(tidy_sound(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)) == 0


def rgba(size=60):
    picture = np.zeros((size, size, 4), np.uint8)
    picture[..., :3] = 200  # colour also where it is transparent, as in real files
    return picture


def test_specks_go_and_real_parts_stay():
    picture = rgba()
    picture[10:40, 10:30, 3] = 255
    picture[20:30, 40:50, 3] = 255  # a sixth of the whole: a detached part of the object
    picture[55, 55, 3] = 255
    cutout = tidy_cutout(picture)
    assert cutout.shape == (30, 40, 4)
    assert (cutout[..., 3] > 0.5).sum() == 30 * 20 + 10 * 10


def test_alpha_is_premultiplied():
    picture = rgba()
    picture[10:40, 10:40, 3] = 255
    picture[10:40, 30:40, 3] = 130
    cutout = tidy_cutout(picture)
    np.testing.assert_allclose(cutout[..., :3], 200 / 255 * np.repeat(cutout[..., 3:], 3, 2), atol=1e-6)


def test_a_picture_without_opaque_part_is_an_error():
    with pytest.raises(ValueError, match='no opaque part'):
        tidy_cutout(rgba())


def test_noise_backgrounds_differ_and_fill_the_canvas():
    one, two = (noise_background(np.random.default_rng(k), 48) for k in range(2))
    assert one.shape == (48, 48, 3)
    assert one.dtype == np.uint8
    assert not np.array_equal(one, two)


def test_procedural_classes_look_and_sound_apart(procedural):
    classes = procedural.catalog.classes
    spectra = []
    for c in classes:
        wave = procedural.sound(c.sounds[0])[:SAMPLE_RATE]
        spectrum = np.abs(np.fft.rfft(wave, SAMPLE_RATE))
        spectra.append(spectrum / np.linalg.norm(spectrum))
    similar = np.array(spectra) @ np.array(spectra).T
    np.fill_diagonal(similar, 0)
    assert similar.max() < 0.99
    a, b = (procedural.cutout(c.images[0]) for c in classes[:2])
    assert np.abs(a[48, 40, :3] - b[48, 40, :3]).max() > 0.2
    assert len({c.name for c in classes}) == len(classes) == 36


def test_held_out_procedural_cut_outs_differ_from_the_seen_ones(procedural):
    cls = next(c for c in procedural.catalog.classes if c.held_out)
    held = procedural.cutout(cls.held_out[0])
    assert all(not np.array_equal(held, procedural.cutout(name)) for name in cls.images)


def test_a_folder_without_the_files_is_an_error_that_names_some(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'lacks \d+ of \d+ files, first .*tuxpaint-stamps-default'):
        StampsSource(tmp_path)


class TestRealMedia:
    def test_files_are_those_of_the_list(self, stamps):
        assert stamps.checksums() == FILES['sha256']

    def test_every_cut_out_has_an_object(self, stamps):
        names = [n for c in stamps.catalog.classes for n in (*c.images, *c.held_out)] + list(stamps.catalog.distractors)
        for name in names[::6]:
            cutout = stamps.cutout(name)
            assert cutout.shape[2] == 4
            assert (cutout[..., 3] > 0.5).mean() > 0.1, name
            assert (cutout[..., :3] <= cutout[..., 3:] + 1e-5).all(), name

    def test_nine_classes_have_four_seconds_of_sound(self, stamps):
        long = {c.name for c in stamps.catalog.classes for s in c.sounds if len(stamps.sound(s)) >= 4 * SAMPLE_RATE}
        assert long == {'blackbird', 'bee', 'dolphin', 'whale', 'badger', 'camel', 'tiger', 'doe', 'bassoon'}

    def test_black_bars_are_cropped(self, stamps):
        picture = stamps.background('templates/mossy_bark.jpg')
        assert picture[0].max() > 24
        assert picture[-1].max() > 24
