import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import functional

from mmavs.datasets.transforms import RandomAffineClip


def clip(frames=3, height=40, width=60):
    masks = np.random.default_rng(0).integers(0, 2, (frames, height // 10, width // 10)).repeat(10, 1).repeat(10, 2)
    masks = masks.astype(np.uint8)
    return dict(frames=np.stack([masks * 200, masks * 100, masks * 50], -1), gt_masks=masks)


def fixed(degrees=0.0, scale=1.0, shear=0.0, **kwargs):
    return RandomAffineClip((degrees, degrees), (scale, scale), (shear, shear), **kwargs)


def test_without_a_change_nothing_changes():
    data = clip()
    got = fixed()(dict(data))
    np.testing.assert_array_equal(got['frames'], data['frames'])
    np.testing.assert_array_equal(got['gt_masks'], data['gt_masks'])


@pytest.mark.parametrize(('degrees', 'scale', 'shear'), [(15, 1, 0), (0, 0.5, 0), (0, 1, 9), (-20, 0.7, -10)])
def test_equals_the_published_transform_of_single_pictures(degrees, scale, shear):
    data = clip()
    got = fixed(degrees, scale, shear)(dict(data))
    for t in range(3):
        expected = functional.affine(Image.fromarray(data['frames'][t]), degrees, [0, 0], scale, [shear, 0])
        assert (got['frames'][t] != np.asarray(expected)).any(-1).mean() < 0.01  # ties of the nearest pixel
        expected = functional.affine(Image.fromarray(data['gt_masks'][t]), degrees, [0, 0], scale, [shear, 0])
        assert (got['gt_masks'][t] != np.asarray(expected)).mean() < 0.01


def test_frames_and_masks_move_together_and_all_frames_alike():
    np.random.seed(3)
    data = clip(1)
    data = {key: np.repeat(value, 4, 0) for key, value in data.items()}
    got = RandomAffineClip()(data)
    assert got['frames'].dtype == got['gt_masks'].dtype == np.uint8
    np.testing.assert_array_equal(got['frames'][..., 0], got['gt_masks'] * 200)
    assert (got['frames'] == got['frames'][:1]).all()
    assert got['gt_masks'].mean() > 0


def test_the_outside_of_a_mask_can_be_left_out_of_the_loss():
    data = dict(frames=np.full((1, 40, 40, 3), 9, np.uint8), gt_masks=np.ones((1, 40, 40), np.uint8))
    got = fixed(scale=0.5, mask_fill=255)(data)
    assert set(np.unique(got['gt_masks'])) == {1, 255}
    np.testing.assert_array_equal(got['gt_masks'] == 1, got['frames'][..., 0] == 9)


def test_draws_within_the_ranges(monkeypatch):
    drawn = []
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: drawn.append((low, high)) or high)
    RandomAffineClip()(clip())
    assert drawn == [(-20, 20), (0.5, 1), (-10, 10)]


def test_refuses_ranges_that_make_no_sense():
    with pytest.raises(ValueError, match=r'degrees must be \(low, high\)'):
        RandomAffineClip(degrees=(20, -20))
    with pytest.raises(ValueError, match='scale must be positive'):
        RandomAffineClip(scale=(0, 1))
