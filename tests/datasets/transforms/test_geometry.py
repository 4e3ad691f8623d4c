import cv2
import numpy as np
import pytest
from layouts import picture
from PIL import Image

from mmavs.datasets.transforms import (
    CenterCropClip,
    RandomCropClip,
    RandomFlipClip,
    RandomResizedCropClip,
    ResizeClip,
    ResizeShortSideCenterCropClip,
)


def clip(height=40, width=60, frames=3):
    """Frames whose green channel is the mask, so that both must move together."""
    pixels = np.stack([cv2.GaussianBlur(picture(i, (height, width)), (0, 0), 1) for i in range(frames)])
    masks = (np.arange(frames * height * width).reshape(frames, height, width) % 71).astype(np.uint8)
    pixels[..., 1] = masks
    return dict(frames=pixels, gt_masks=masks, num_frames=frames)


def pillow(frame, height, width, rule=Image.BILINEAR):
    return np.asarray(Image.fromarray(frame).resize((width, height), rule))


@pytest.mark.parametrize('size', [(20, 30), (13, 17), (64, 64), (40, 60), (97, 301)])
def test_resize_equals_pillow(size):
    data = clip()
    got = ResizeClip(size)(dict(data))
    assert got['frames'].dtype == got['gt_masks'].dtype == np.uint8
    for t in range(3):
        assert np.abs(got['frames'][t].astype(int) - pillow(data['frames'][t], *size)).max() <= 1
        np.testing.assert_array_equal(got['gt_masks'][t], pillow(data['gt_masks'][t], *size, Image.NEAREST))


def test_resize_of_the_frames_alone():
    data = clip()
    got = ResizeClip((80, 120), masks=False)(dict(data))
    assert got['frames'].shape == (3, 80, 120, 3)
    np.testing.assert_array_equal(got['gt_masks'], data['gt_masks'])


def test_resize_with_the_aspect_ratio_kept():
    assert ResizeClip((30, 30), keep_ratio=True)(clip(40, 60))['frames'].shape == (3, 20, 30, 3)
    assert ResizeClip(30, keep_ratio=True)(clip(60, 40))['gt_masks'].shape == (3, 30, 20)


@pytest.mark.parametrize(('height', 'width'), [(40, 61), (61, 40), (50, 50)])
def test_published_training_rule_of_avss(height, width):
    data = clip(height, width)
    got = ResizeShortSideCenterCropClip(24)(dict(data))
    new = (24, int(width * 24 / height)) if width > height else (int(height * 24 / width), 24)
    top, left = round((new[0] - 24) / 2), round((new[1] - 24) / 2)
    for t in range(3):
        want = pillow(data['frames'][t], *new)[top : top + 24, left : left + 24]
        assert np.abs(got['frames'][t].astype(int) - want).max() <= 1
        want = pillow(data['gt_masks'][t], *new, Image.NEAREST)[top : top + 24, left : left + 24]
        np.testing.assert_array_equal(got['gt_masks'][t], want)


def test_flip_mirrors_frames_masks_and_stereo_together():
    data = clip()
    data.update(waveform=np.arange(8, dtype=np.float32).reshape(2, 4), waveform_source='a.wav')
    got = RandomFlipClip(prob=1.0, swap_stereo=True)(dict(data))
    np.testing.assert_array_equal(got['frames'], data['frames'][:, :, ::-1])
    np.testing.assert_array_equal(got['gt_masks'], got['frames'][..., 1])
    np.testing.assert_array_equal(got['waveform'], data['waveform'][::-1])
    assert 'waveform_source' not in got  # a cached log-mel of the file would have the channels unswapped
    untouched = RandomFlipClip(prob=0.0)(dict(data))
    np.testing.assert_array_equal(untouched['frames'], data['frames'])
    with pytest.raises(ValueError, match='two channels'):
        RandomFlipClip(swap_stereo=True)(clip())


def test_random_crop_is_the_same_for_all_frames_and_reproducible():
    data = clip()
    np.random.seed(3)
    got = RandomCropClip((10, 12))(dict(data))
    np.random.seed(3)
    again = RandomCropClip((10, 12))(dict(data))
    assert got['frames'].shape == (3, 10, 12, 3)
    np.testing.assert_array_equal(got['frames'], again['frames'])
    np.testing.assert_array_equal(got['gt_masks'], got['frames'][..., 1])
    windows = np.lib.stride_tricks.sliding_window_view(data['gt_masks'], (10, 12), (1, 2))
    same = (windows == got['gt_masks'][:, None, None]).all((0, 3, 4))
    assert same.any()  # one window fits all three frames


def test_random_crop_pads_with_ignore():
    got = RandomCropClip((50, 70), pad_value=128)(clip())
    assert (got['gt_masks'][:, 40:] == 255).all()
    assert (got['gt_masks'][:, :, 60:] == 255).all()
    assert (got['frames'][:, 40:] == 128).all()
    np.testing.assert_array_equal(got['gt_masks'][:, :40, :60], clip()['gt_masks'])


def test_bad_sizes_are_refused():
    for size in (0, (3,), (3, -1), (2.5, 3)):
        with pytest.raises(ValueError, match='size must be'):
            ResizeClip(size)
    with pytest.raises(ValueError, match='40x60 are smaller'):
        CenterCropClip(50)(clip())
    with pytest.raises(ValueError, match='prob must be'):
        RandomFlipClip(prob=2)


def test_random_resized_crop_takes_one_window_of_the_allowed_area_for_all_frames(monkeypatch):
    rows, columns = np.mgrid[:60, :80]
    place = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)  # a pixel's value says where it comes from
    data = dict(frames=np.stack([place, place]), gt_masks=np.stack([rows, rows]).astype(np.uint8))
    crop = RandomResizedCropClip((32, 32), area=(0.6, 1.0))
    shares, corners = [], set()
    for _ in range(50):
        top, left, height, width = crop._window(60, 80)
        assert 0 <= top <= top + height <= 60
        assert 0 <= left <= left + width <= 80
        assert 3 / 4 * 0.95 < width / height < 4 / 3 * 1.05
        shares.append(height * width / (60 * 80))
        corners.add((top, left))
    assert 0.58 < min(shares) < max(shares) <= 1
    assert len(corners) > 10
    monkeypatch.setattr(crop, '_window', lambda height, width: (10, 20, 32, 32))
    got = crop(dict(data))
    np.testing.assert_array_equal(got['frames'], data['frames'][:, 10:42, 20:52])
    np.testing.assert_array_equal(got['gt_masks'], data['gt_masks'][:, 10:42, 20:52])


@pytest.mark.parametrize('options', [dict(area=(0.5, 1.2)), dict(area=(0, 1)), dict(ratio=(2, 1))])
def test_random_resized_crop_refuses_impossible_limits(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        RandomResizedCropClip(32, **options)


def test_a_mirrored_window_equals_a_mirrored_view():
    data = clip()
    window = {key: data[key][:, 3:20, 5:30] for key in ('frames', 'gt_masks')}  # views, as a crop leaves them
    got = RandomFlipClip(prob=1.0)(dict(window))
    for key, view in window.items():
        np.testing.assert_array_equal(got[key], view[:, :, ::-1])
        assert got[key].flags['C_CONTIGUOUS']
