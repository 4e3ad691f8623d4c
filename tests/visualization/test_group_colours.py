import numpy as np

from mmavs.visualization.group_colours import PALETTE, group_colours, match_groups


def same_partition(a, b):
    pairs = set(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    return len(pairs) == len(set(a.ravel().tolist())) == len(set(b.ravel().tolist()))


def test_numbers_follow_groups_that_are_renamed_every_frame():
    rng = np.random.default_rng(0)
    first = np.kron(np.arange(12).reshape(3, 4), np.ones((5, 5), int))
    groups = np.stack([rng.permutation(12)[first] for _ in range(4)])
    out = match_groups(groups)
    assert (out == out[0]).all()
    assert set(np.unique(out)) == set(range(12))


def test_the_largest_group_comes_first():
    labels = np.array([[[5, 2, 2], [9, 9, 9]]])
    assert match_groups(labels).tolist() == [[[2, 1, 1], [0, 0, 0]]]


def test_partitions_are_kept_whatever_moves():
    groups = np.random.default_rng(1).integers(-1, 9, (5, 16, 16))
    for before, after in zip(groups, match_groups(groups), strict=True):
        assert same_partition(before, after)


def test_groups_may_appear_and_vanish():
    one, two = np.zeros((4, 4), int), np.zeros((4, 4), int)
    two[:, 2:] = 1
    out = match_groups(np.stack([one, two, one, two[:, ::-1]]))
    assert (out[0] == 0).all()
    assert sorted(np.unique(out[1])) == [0, 1]
    assert len(np.unique(out[2])) == 1
    assert same_partition(out[3], two)


def test_up_to_twenty_groups_have_different_colours():
    assert len(np.unique(PALETTE, axis=0)) == 20
    assert group_colours(np.array([[0, 20]])).shape == (1, 2, 3)
    assert np.array_equal(group_colours(np.array(1)), group_colours(np.array(21)))
