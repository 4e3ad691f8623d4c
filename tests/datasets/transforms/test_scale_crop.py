import cv2
import numpy as np
import pytest
from layouts import picture
from PIL import Image

from mmavs.datasets.transforms import RandomCropClip, RandomScaleClip


def clip(height=40, width=61, frames=2):
    pixels = np.stack([cv2.GaussianBlur(picture(i, (height, width)), (0, 0), 1) for i in range(frames)])
    masks = np.random.default_rng(0).integers(0, 22, (frames, height, width)).astype(np.uint8)
    return dict(frames=pixels, gt_masks=masks, num_frames=frames)


@pytest.mark.parametrize('scale', [0.5, 0.75, 1.0, 1.25, 2.0])
def test_scaling_equals_pillow(scale):
    data = clip()
    got = RandomScaleClip((scale,))(dict(data))
    size = int(61 * scale), int(40 * scale)
    for t in range(2):
        want = Image.fromarray(data['frames'][t]).resize(size, Image.BICUBIC)
        assert np.abs(got['frames'][t].astype(int) - np.asarray(want)).max() <= 1
        want = Image.fromarray(data['gt_masks'][t]).resize(size, Image.NEAREST)
        np.testing.assert_array_equal(got['gt_masks'][t], want)


def test_every_scale_is_drawn_and_repeats_with_the_seed():
    def widths(seed):
        np.random.seed(seed)
        transform = RandomScaleClip()
        return [transform(clip())['frames'].shape[2] for _ in range(60)]

    assert set(widths(0)) == {int(61 * s) for s in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)}
    assert widths(1) == widths(1)


def test_crop_pads_with_a_colour():
    colour = (124, 116, 104)
    got = RandomCropClip((50, 70), pad_value=colour)(clip())
    assert (got['frames'][:, 40:] == colour).all()
    assert (got['frames'][:, :, 61:] == colour).all()
    assert (got['gt_masks'][:, 40:] == 255).all()
    np.testing.assert_array_equal(got['frames'][:, :40, :61], clip()['frames'])


def test_wrong_arguments_are_named():
    for scales in ((), (0.5, 0.0)):
        with pytest.raises(ValueError, match='scales must be positive'):
            RandomScaleClip(scales)
    with pytest.raises(ValueError, match='vanish at the scale'):
        RandomScaleClip((0.01,))(clip())
    for colour in ((1, 2), -1, (0, 0, 256)):
        with pytest.raises(ValueError, match='pad_value must be'):
            RandomCropClip(8, pad_value=colour)
