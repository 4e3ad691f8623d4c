from itertools import pairwise

import numpy as np
import pytest

from mmavs.visualization import clip_sheet, draw_clip
from mmavs.visualization.cells import TRUTH_COLOUR, class_colour


def frames(num_frames=3, size=(20, 30)):
    return np.random.default_rng(0).integers(0, 256, (num_frames, *size, 3), dtype=np.uint8)


def mask(size=(20, 30), label=1):
    out = np.zeros(size, int)
    out[5:15, 5:15] = label
    return out


def everything(num_frames=3):
    masks = np.stack([mask()] * num_frames)
    values = np.zeros((num_frames, 20, 30))
    return dict(
        gt_masks=masks,
        pred_masks=masks,
        probability=values,
        uncertainty=values,
        groups=masks,
        response=values,
        waveform=np.zeros((num_frames, 15360)),
        log_mel=np.zeros((num_frames, 96, 64)),
    )


@pytest.fixture
def strips(monkeypatch):
    """What `draw_clip` puts on the sheet, by name."""
    kept = {}
    lay_out = clip_sheet.lay_out

    def spy(given, **options):
        kept.clear()
        kept.update({strip.name: strip for strip in given})
        return lay_out(given, **options)

    monkeypatch.setattr(clip_sheet, 'lay_out', spy)
    return kept


def has_colour(image, colour):
    return bool((image == np.array(colour)).all(-1).any())


def test_every_given_thing_adds_a_row():
    base = draw_clip(frames())
    heights, given = [base.shape[0]], {}
    for name, value in everything().items():
        given[name] = value
        heights.append(draw_clip(frames(), **given).shape[0])
    assert all(b > a for a, b in pairwise(heights))
    assert base.dtype == np.uint8
    assert base.shape[2] == 3


def test_a_single_frame_is_a_strip_and_leaves_room_for_a_title():
    sheet = draw_clip(frames(1), **everything(1))
    assert sheet.shape[1] > 2 * sheet.shape[0]
    assert draw_clip(frames(1), title='a long name of a clip').shape[1] >= 400
    assert draw_clip(frames(1), title='many words ' * 30).shape[0] > draw_clip(frames(1), title='a').shape[0]


def test_ten_frames_fit_beside_each_other():
    sheet = draw_clip(frames(10), **everything(10))
    assert 10 * 128 < sheet.shape[1] < 1600


def test_pictures_lie_on_the_sheet_pixel_by_pixel(strips):
    sheet = draw_clip(frames(), **everything(), title='x')
    picture = strips['truth'].pictures[1]
    windows = np.lib.stride_tricks.sliding_window_view(sheet, picture.shape)[:, :, 0]
    rows, columns = np.nonzero((windows[:, :, 0, 0] == picture[0, 0]).all(-1))
    assert any(np.array_equal(windows[y, x], picture) for y, x in zip(rows, columns, strict=True))


def test_scales_are_the_same_for_all_frames_and_stated(strips):
    response = np.zeros((3, 20, 30))
    response[1] = 0.5
    response[2] = 1.0
    log_mel = np.linspace(-4, 3, 3 * 96 * 64).reshape(3, 96, 64)
    draw_clip(np.zeros_like(frames()), response=response, log_mel=log_mel)
    strip = strips['response']
    assert strip.scale[1:] == (0.0, 1.0)
    brightness = [picture.astype(float).mean() for picture in strip.pictures]
    assert brightness[0] < brightness[1] < brightness[2]
    assert strips['log-mel'].scale[1:] == (-4.0, 3.0)
    assert strips['log-mel'].pictures[0].mean() < strips['log-mel'].pictures[2].mean()


@pytest.mark.parametrize(('highest', 'end'), [(0.0, 0.25), (0.25, 0.25), (0.3, 0.5), (0.9, 1.0)])
def test_uncertainty_has_one_of_three_scales(strips, highest, end):
    uncertainty = np.zeros((3, 20, 30))
    uncertainty[1, 4:8] = highest
    draw_clip(frames(), uncertainty=uncertainty)
    assert strips['uncertainty'].scale[1:] == (0.0, end)


def test_truth_is_outlined_where_it_can_be_compared(strips):
    given = everything()
    draw_clip(frames(), **given)
    for name in ('prediction', 'response', 'uncertainty'):
        assert has_colour(strips[name].pictures[0], TRUTH_COLOUR), name
    del given['gt_masks']
    draw_clip(frames(), **given)
    for name in ('prediction', 'response', 'uncertainty'):
        assert not has_colour(strips[name].pictures[0], TRUTH_COLOUR), name


def test_group_colours_do_not_depend_on_the_numbers_of_a_frame(strips):
    grey = np.full((2, 20, 30, 3), 128, np.uint8)
    one = mask(label=3)
    other = np.where(one == 3, 0, 7)
    draw_clip(grey, groups=np.stack([one, other]))
    assert np.array_equal(*strips['groups'].pictures)


def test_classes_have_their_colours_and_are_named_at_the_foot(strips):
    given = dict(gt_masks=np.stack([mask(label=2)] * 3), pred_masks=np.stack([mask(label=1)[:, ::-1]] * 3))
    plain = draw_clip(frames(), gt_masks=given['gt_masks'][:, ::-1] * 0)
    classes = ('background', 'dog', 'cat', 'cow')
    named = draw_clip(frames(), **given, classes=classes)
    assert named.shape[0] > plain.shape[0]
    assert has_colour(strips['truth'].pictures[0], class_colour(2))
    assert has_colour(strips['prediction'].pictures[0], class_colour(1))
    for label in (1, 2):
        assert has_colour(named[-40:], class_colour(label))
    assert not has_colour(named[-40:], class_colour(3))


def test_maps_of_any_resolution_are_taken():
    coarse = draw_clip(frames(), groups=np.zeros((3, 4, 6), int), response=np.zeros((3, 4, 6)))
    height, width = frames().shape[1:3]
    fine = draw_clip(frames(), groups=np.zeros((3, height, width), int), response=np.zeros((3, height, width)))
    np.testing.assert_array_equal(coarse, fine)  # one group, no response: the same picture at any resolution


def test_lengths_must_agree():
    with pytest.raises(ValueError, match='log_mel has 2 frames, the clip has 3'):
        draw_clip(frames(), log_mel=np.zeros((2, 96, 64)))
    with pytest.raises(ValueError, match='without frames'):
        draw_clip(frames(0))
    with pytest.raises(ValueError, match='waveform needs at least'):
        draw_clip(frames(), waveform=np.zeros((3, 20)))
