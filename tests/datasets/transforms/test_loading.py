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
    with pytest.raises(ValueError, match='unmatched must be'):
        LoadClipMasks('palette', unmatched='skip')
    assert repr(LoadClipMasks('index')) == "LoadClipMasks(mode='index', unmatched='error')"
