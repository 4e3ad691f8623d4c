import numpy as np
import pytest
from scipy import stats

from mmavs.evaluation.bootstrap import paired_bootstrap


def scores(seeds=3, clips=200, shift=0.05):
    rng = np.random.default_rng(0)
    hardness = rng.random(clips)
    return tuple(hardness + s + 0.1 * rng.normal(size=(seeds, clips)) for s in (shift, 0.0))


def test_interval_agrees_with_scipy():
    a, b = scores()
    got = paired_bootstrap(a, b, num_samples=20000)
    want = stats.bootstrap(
        (a.mean(0) - b.mean(0),), np.mean, n_resamples=20000, method='percentile', random_state=np.random.default_rng(1)
    ).confidence_interval
    assert got.difference == pytest.approx((a - b).mean(), abs=1e-12)
    width = want.high - want.low
    assert abs(got.low - want.low) < 0.04 * width
    assert abs(got.high - want.high) < 0.04 * width
    assert got.per_seed == pytest.approx((a - b).mean(1))
    assert got.num_clips == 200


def test_pairing_takes_the_hardness_of_the_clips_out():
    a, b = scores(seeds=1)
    paired = paired_bootstrap(a, b)
    shuffled = paired_bootstrap(a, np.random.default_rng(3).permutation(b[0]))
    assert paired.low > 0
    assert paired.high - paired.low < 0.6 * (shuffled.high - shuffled.low)


def test_order_of_the_methods_changes_the_sign_and_equal_methods_give_zero():
    a, b = scores()
    ahead, behind = paired_bootstrap(a, b), paired_bootstrap(b, a)
    np.testing.assert_allclose((ahead.low, ahead.high), (-behind.high, -behind.low), rtol=0.05)
    same = paired_bootstrap(a, a)
    assert (same.difference, same.low, same.high) == (0, 0, 0)


def test_same_seed_same_interval_and_a_narrower_level_is_inside():
    a, b = scores()
    assert paired_bootstrap(a, b, seed=4) == paired_bootstrap(a, b, seed=4)
    wide, narrow = paired_bootstrap(a, b, level=0.95), paired_bootstrap(a, b, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_weights_repeat_frames_and_leave_clips_out():
    a, b = scores(seeds=2, clips=50)
    weights = np.arange(50) % 4
    a[:, weights == 0] = np.nan
    got = paired_bootstrap(a, b, weights=weights)
    frames = np.repeat((a - b).mean(0), weights)  # every frame as often as it counts
    assert got.difference == pytest.approx(frames.mean())
    assert got.num_clips == (weights > 0).sum()
    assert got.low < got.difference < got.high


def test_methods_with_different_numbers_of_seeds_have_no_per_seed_differences():
    a, b = scores()
    got = paired_bootstrap(a, b[:2])
    assert got.per_seed == ()
    assert got.difference == pytest.approx(a.mean() - b[:2].mean())


@pytest.mark.parametrize(
    ('a', 'b', 'options', 'message'),
    [
        (np.zeros(3), np.zeros(4), {}, 'same N clips'),
        (np.zeros(0), np.zeros(0), {}, 'same N clips'),
        (np.array([np.nan, 1]), np.zeros(2), {}, '1 scores of a are not finite'),
        (np.zeros(2), np.zeros(2), dict(weights=[0, 0]), 'not all zero'),
        (np.zeros(2), np.zeros(2), dict(weights=[1, -1]), 'none negative'),
        (np.zeros(2), np.zeros(2), dict(level=1.0), 'level'),
    ],
)
def test_bad_input_is_an_error(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(a, b, **options)
