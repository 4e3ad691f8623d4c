import numpy as np
import pytest
from layouts import blob, picture, save

from mmavs.datasets.transforms import LoadClipFrames, LoadClipMasks

CLASSES = ('background', 'sounding')


def test_frames_and_their_size(tmp_path):
    for i in range(3):
        save(tmp_path / f'{i}.png', picture(i))
    got = LoadClipFrames()(dict(frame_paths=[str(tmp_path / f'{i}.png') for i in range(3)]))
    np.testing.assert_array_equal(got['frames'], [picture(i) for i in range(3)])
    assert got['ori_shape'] == (24, 32)


def test_frames_of_different_size_are_named(tmp_path):
    save(tmp_path / '0.png', picture(0))
    save(tmp_path / '1.png', picture(1, (24, 31)))
    with pytest.raises(ValueError, match=r"1\.png' is 24x31 .* one size"):
        LoadClipFrames()(dict(frame_paths=[str(tmp_path / '0.png'), str(tmp_path / '1.png')]))


def test_a_mask_that_the_layout_does_not_have_is_zero(tmp_path):
    save(tmp_path / '0.png', blob(0).astype(np.uint8) * 255)
    got = LoadClipMasks('binary')(dict(mask_paths=[str(tmp_path / '0.png'), None], classes=CLASSES))['gt_masks']
    np.testing.assert_array_equal(got, [blob(0), np.zeros_like(blob(0))])
    with pytest.raises(ValueError, match='put LoadClipFrames first'):
        LoadClipMasks('binary')(dict(mask_paths=[None], classes=CLASSES))


def test_bad_options():
    with pytest.raises(ValueError, match='mode must be'):
        LoadClipMasks('rgb')
    with pytest.raises(ValueError, match='max_unmatched must be a share'):
        LoadClipMasks('palette', max_unmatched='background')
    assert repr(LoadClipMasks('index')) == "LoadClipMasks(mode='index', max_unmatched=0.0)"


def test_masks_of_different_size_without_frames_are_named(tmp_path):
    save(tmp_path / '0.png', blob(0).astype(np.uint8) * 255)
    save(tmp_path / '1.png', np.zeros((1, 32), np.uint8))
    with pytest.raises(ValueError, match=r"mask file .*1\.png' is 1x32 .* one size"):
        LoadClipMasks('binary')(dict(mask_paths=[str(tmp_path / f'{i}.png') for i in range(2)], classes=CLASSES))


def test_a_clip_without_any_label_has_zero_masks_of_its_frames_size():
    data = dict(mask_paths=[None, None], classes=CLASSES, frames=np.zeros((2, 6, 5, 3), np.uint8))
    np.testing.assert_array_equal(LoadClipMasks('binary')(data)['gt_masks'], np.zeros((2, 6, 5)))
