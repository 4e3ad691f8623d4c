import numpy as np
import pytest

from mmavs.avstamps.scenes import Thing, draw, paste, place, transform_cutout


def square(colour, side=20):
    patch = np.ones((side, side, 4), np.float32)
    patch[..., :3] = colour
    return patch


class Blocks:
    """A media source of plain squares: what is drawn is known."""

    def cutout(self, name):
        return square(dict(red=(1, 0, 0), blue=(0, 0, 1))[name], 40)

    def background(self, name):
        return np.full((80, 80, 3), 128, np.uint8)


def things(**changes):
    return [Thing('red', 'red', 0.4, 0.4, 0.5), Thing('blue', 'blue', 0.3, 0.6, 0.5, **changes)]


def drawing(scene, frames=3, seed=0, noise=0.0):
    return draw(Blocks(), scene, 'grey', 80, frames, np.random.default_rng(seed), noise)


def test_paste_blends_premultiplied_alpha_and_clips_at_the_border():
    picture = np.full((10, 10, 3), 100, np.float32)
    half = np.concatenate([np.full((4, 4, 3), 0.5, np.float32), np.full((4, 4, 1), 0.5, np.float32)], 2)
    alpha = paste(picture, half, 0, 5)  # half of it is off the canvas
    assert alpha.sum() == pytest.approx(0.5 * 2 * 4)
    np.testing.assert_allclose(picture[3:7, :2], 0.5 * 100 + 0.5 * 255)
    assert (picture[:, 2:] == 100).all()


def test_scaling_a_white_cut_out_on_white_leaves_no_fringe():
    white = np.zeros((90, 90, 4), np.float32)
    white[20:70, 20:70] = 1
    patch = transform_cutout(white, 0.4, 64, np.random.default_rng(3))
    colour = patch[..., :3].max(2)[patch[..., 3] > 0.05] / patch[..., 3][patch[..., 3] > 0.05]
    assert colour.std() < 0.01  # straight alpha would mix in the black around the object


def test_size_follows_the_request_and_the_long_side_is_limited():
    rng = np.random.default_rng(0)
    sizes = [np.sqrt((transform_cutout(square(1, 100), 0.4, 100, rng)[..., 3] > 0.5).sum()) for _ in range(10)]
    assert np.mean(sizes) == pytest.approx(40, rel=0.05)
    long = np.ones((20, 200, 4), np.float32)
    assert max(transform_cutout(long, 0.4, 100, rng).shape[:2]) <= 1.3 * 40 + 4


def test_the_front_thing_owns_the_overlap_and_the_mask_is_what_is_seen():
    frames, owners, visible = drawing(things())
    for frame, owner in zip(frames, owners, strict=True):
        red, blue = frame[..., 0] > 150, frame[..., 2] > 150
        assert ((owner == 0) == (red & ~blue)).mean() > 0.98
        assert ((owner == 1) == blue).mean() > 0.98
    assert visible[1] == pytest.approx(1)
    assert 0.2 < visible[0] < 0.95


def test_clutter_is_nobody():
    _, owners, _ = drawing([Thing('', 'red', 0.3, opacity=0.7, clutter=True), Thing('blue', 'blue', 0.2, 0.3, 0.3)])
    assert set(np.unique(owners)) == {-1, 1}


def test_things_drift_slowly():
    _, owners, _ = drawing(things(), frames=5)
    columns = [np.nonzero(owner == 1)[1].mean() for owner in owners]
    assert 0 < abs(columns[-1] - columns[0]) <= 4 * 0.02 * 80 + 1


def test_the_same_generator_gives_the_same_clip():
    one, two, other = drawing(things(), noise=2.0), drawing(things(), noise=2.0), drawing(things(), seed=1, noise=2.0)
    assert all(np.array_equal(a, b) for a, b in zip(one[0], two[0], strict=True))
    assert not np.array_equal(one[0][0], other[0][0])


def test_places_keep_their_distance():
    rng = np.random.default_rng(0)
    gaps = [np.linalg.norm(np.subtract(*place(2, rng, 0.2, 0.8, 0.45, 30))) for _ in range(100)]
    assert min(gaps) > 0.4
    assert place(1, rng, 0.2, 0.8, 0.45, 30).shape == (1, 2)
