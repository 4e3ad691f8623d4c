import cv2
import numpy as np
import pytest
from layouts import picture

from mmavs.datasets.transforms import ClipPhotoMetric


def clip():
    frame = cv2.GaussianBlur(picture(0), (0, 0), 2)
    return dict(frames=np.stack([frame, frame[::-1], frame]))


def test_one_draw_for_all_frames():
    np.random.seed(0)
    got = ClipPhotoMetric(0.4, 0.4, 0.4, 0.1)(clip())['frames']
    assert got.dtype == np.uint8
    assert not np.array_equal(got, clip()['frames'])
    np.testing.assert_array_equal(got[0], got[2])
    np.testing.assert_array_equal(got[0], got[1][::-1])
    np.random.seed(0)
    np.testing.assert_array_equal(got, ClipPhotoMetric(0.4, 0.4, 0.4, 0.1)(clip())['frames'])


def test_zero_ranges_change_nothing():
    np.testing.assert_array_equal(ClipPhotoMetric()(clip())['frames'], clip()['frames'])


def test_brightness_is_a_factor(monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: high)
    got = ClipPhotoMetric(brightness=0.5)(clip())['frames']
    want = np.clip((clip()['frames'] * 1.5).round(), 0, 255)
    assert np.abs(got - want).max() <= 1


def test_contrast_keeps_the_mean_grey_and_saturation_the_grey_picture(monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: low)
    grey = lambda frames: cv2.cvtColor(np.concatenate(frames), cv2.COLOR_RGB2GRAY).astype(float)  # noqa: E731
    before = clip()['frames']
    contrast = ClipPhotoMetric(contrast=0.5)(clip())['frames']
    assert abs(grey(contrast).mean() - grey(before).mean()) < 1
    assert grey(contrast).std() == pytest.approx(grey(before).std() / 2, rel=0.05)
    none = ClipPhotoMetric(saturation=1.0)(clip())['frames']
    assert np.ptp(none, axis=-1).max() == 0
    assert np.abs(grey(none) - grey(before)).max() <= 1


def test_hue_turns_red_into_green(monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: high)
    red = dict(frames=np.full((1, 2, 2, 3), (200, 0, 0), np.uint8))
    got = ClipPhotoMetric(hue=1 / 3)(red)['frames']
    assert np.abs(got.astype(int) - (0, 200, 0)).max() <= 5


def test_bad_ranges_are_refused():
    for name, value in (('brightness', -0.1), ('contrast', 2), ('hue', 0.6)):
        with pytest.raises(ValueError, match=name):
            ClipPhotoMetric(**{name: value})
