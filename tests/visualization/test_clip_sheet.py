from itertools import pairwise

import numpy as np
import pytest

from mmavs.visualization import draw_clip
from mmavs.visualization.clip_sheet import PREDICTION_COLOUR, TRUTH_COLOUR, overlay, partition


def frames(num_frames=3, size=(20, 30)):
    return np.random.default_rng(0).integers(0, 256, (num_frames, *size, 3), dtype=np.uint8)


def mask(size=(20, 30), label=1):
    out = np.zeros(size, int)
    out[5:15, 5:15] = label
    return out


def test_overlay_dims_the_background_tints_objects_and_outlines_both_masks():
    frame = np.full((200, 200, 3), 100, np.uint8)
    predicted, truth = mask((200, 200)), np.zeros((200, 200), int)
    truth[50:80, 50:80] = 1
    out = overlay(frame, predicted, PREDICTION_COLOUR, reference=truth)
    assert out.shape == (200, 200, 3)
    assert out[150, 150].tolist() == [55, 55, 55]
    assert out[10, 10, 0] > out[10, 10, 2]
    assert out[5, 10].tolist() == list(PREDICTION_COLOUR)
    assert out[50, 60].tolist() == list(TRUTH_COLOUR)
    assert frame.min() == 100


def test_ignored_pixels_are_grey_and_small_frames_grow():
    out = overlay(np.zeros((20, 30, 3), np.uint8), mask(label=255), TRUTH_COLOUR)
    assert out.shape == (200, 300, 3)
    assert out[100, 100].tolist() == [64, 64, 64]


def test_classes_have_colours_of_their_own():
    both = mask()
    both[:, 20:] = 2
    out = overlay(frames(1)[0], both, None)
    assert out[60, 60].tolist() != out[60, 260].tolist()


def test_groups_of_one_label_share_a_colour_on_flat_ground():
    groups = mask()
    out = partition(np.full((20, 30, 3), 128, np.uint8), groups)
    assert len(np.unique(out.reshape(-1, 3), axis=0)) == 2


def test_every_given_thing_adds_a_row():
    base = draw_clip(frames())
    heights = [base.shape[0]]
    parts = dict(
        gt_masks=np.stack([mask()] * 3),
        pred_masks=np.stack([mask()] * 3),
        uncertainty=np.zeros((3, 20, 30)),
        groups=np.stack([mask()] * 3),
        log_mel=np.zeros((3, 96, 64)),
    )
    given = {}
    for name, value in parts.items():
        given[name] = value
        heights.append(draw_clip(frames(), **given).shape[0])
    assert all(b > a for a, b in pairwise(heights))
    assert base.dtype == np.uint8
    assert base.shape[2] == 3


def test_one_frame_leaves_room_for_a_title():
    assert draw_clip(frames(1), title='a long name of a clip').shape[1] >= 400


def test_class_names_are_drawn_in_semantic_tasks():
    given = dict(gt_masks=np.stack([mask(label=2)] * 3))
    plain = draw_clip(frames(), **given)
    named = draw_clip(frames(), **given, classes=('background', 'dog', 'cat'))
    assert named.shape[0] > plain.shape[0]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match='log_mel has 2 frames, the clip has 3'):
        draw_clip(frames(), log_mel=np.zeros((2, 96, 64)))
    with pytest.raises(ValueError, match='without frames'):
        draw_clip(frames(0))
