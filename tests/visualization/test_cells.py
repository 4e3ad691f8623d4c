import numpy as np
import pytest

from mmavs.visualization.cells import (
    PREDICTION_COLOUR,
    REFERENCE_COLOUR,
    TRUTH_COLOUR,
    WAVE_GROUND,
    fit,
    heat,
    overlay,
    partition,
    spectrogram,
    wave,
)


def square(size=(200, 200), label=1):
    out = np.zeros(size, int)
    out[5:15, 5:15] = label
    return out


def test_overlay_dims_the_background_tints_objects_and_outlines_both_masks():
    frame = np.full((200, 200, 3), 100, np.uint8)
    predicted, truth = square().astype(np.int32), np.zeros((200, 200), np.int32)
    truth[50:80, 50:80] = 1
    out = overlay(frame, predicted, PREDICTION_COLOUR, reference=truth)
    assert out.shape == (200, 200, 3)
    assert out[150, 150].tolist() == [55, 55, 55]
    assert out[10, 10, 0] > out[10, 10, 2]
    assert out[5, 10].tolist() == list(PREDICTION_COLOUR)
    assert out[50, 60].tolist() == list(TRUTH_COLOUR)
    assert overlay(frame, predicted, None, reference=truth)[50, 60].tolist() == list(REFERENCE_COLOUR)
    assert frame.min() == 100


def test_ignored_pixels_are_grey():
    out = overlay(np.zeros((20, 30, 3), np.uint8), square((20, 30), 255), TRUTH_COLOUR)
    assert out[10, 10].tolist() == [64, 64, 64]


def test_classes_have_colours_of_their_own():
    both = square((20, 30))
    both[:, 20:] = 2
    out = overlay(np.full((20, 30, 3), 128, np.uint8), both, None)
    assert out[10, 10].tolist() != out[10, 25].tolist()


def test_groups_of_one_label_share_a_colour_and_borders_are_drawn():
    out = partition(np.full((20, 30, 3), 128, np.uint8), square((20, 30)))
    inside, outside = out[10, 10], out[0, 0]
    assert inside.tolist() != outside.tolist()
    assert (out[5:14, 5:14] == inside).all()
    assert out[10, 4].sum() > max(inside.sum(), outside.sum())
    assert out[10, 14].sum() > max(inside.sum(), outside.sum())
    assert (out[:, 16:] == outside).all()


def test_labels_are_never_mixed_and_values_are():
    labels = np.array([[0, 10], [20, 30]])
    assert set(np.unique(fit(labels, (7, 9)))) == {0, 10, 20, 30}
    assert len(np.unique(fit(labels.astype(float), (7, 9)))) > 4
    assert fit(np.zeros((4, 4, 3), np.uint8), (2, 6)).shape == (2, 6, 3)


def test_heat_keeps_the_frame_visible_and_clips_values():
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[:, 2:] = 200
    values = np.zeros((4, 4))
    out = heat(frame, values, 'inferno')
    assert (out[0, 3] > out[0, 0]).all()
    assert np.array_equal(heat(frame, values + 1, 'inferno'), heat(frame, values + 5, 'inferno'))
    assert heat(frame, values + 1, 'inferno').sum() > out.sum()


def test_wave_shows_range_and_silence():
    samples = np.zeros(1000)
    samples[500:] = np.tile([0.5, -0.5], 250)
    out = wave(samples, (41, 100), peak=0.5)
    drawn = (out != np.array(WAVE_GROUND)).any(-1)
    assert drawn[:, :50].sum(0).max() <= 2
    assert drawn[:, :50].any(0).all()
    assert drawn[:, 50:].sum(0).min() >= 38
    assert np.array_equal(drawn, drawn[::-1])
    assert wave(np.zeros(100), (11, 100), peak=0.0).shape == (11, 100, 3)


def test_low_bands_are_below_and_time_runs_to_the_right():
    log_mel = np.zeros((96, 64))
    log_mel[:48, :32] = 1
    out = spectrogram(log_mel, (64, 96), (0.0, 1.0), 'gray')
    assert out[60, 10, 0] == 255
    assert out[5, 10, 0] == 0
    assert out[60, 90, 0] == 0
    assert np.array_equal(spectrogram(log_mel * 0, (8, 8), (0.0, 0.0), 'gray'), np.zeros((8, 8, 3)))


@pytest.mark.parametrize('size', [(3, 5), (40, 50)])
def test_fit_gives_the_size(size):
    for image in (np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9)), np.zeros((9, 9), int), np.zeros((9, 9), bool)):
        assert fit(image, size).shape[:2] == size
