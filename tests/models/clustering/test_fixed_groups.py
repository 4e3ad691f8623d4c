import pytest
import torch

from mmavs.models.clustering import GridGroups, SingleGroup
from mmavs.models.clustering.fixed_groups import grid_shape


def test_single_group_is_zero_everywhere():
    assert not SingleGroup()(torch.randn(2, 30, 4), 5).any()


def test_grid_blocks_row_by_row():
    labels = GridGroups()(torch.randn(2, 24, 4), 6, size=(4, 6))
    expected = torch.tensor([[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2)
    assert torch.equal(labels.view(2, 4, 6), expected.expand(2, 4, 6))


def test_every_block_is_used_and_nearly_equal_in_size():
    labels = GridGroups()(torch.randn(1, 14 * 14, 4), 12, size=(14, 14))
    counts = labels.flatten().bincount(minlength=12)
    assert counts.min() >= 12
    assert counts.max() <= 20


@pytest.mark.parametrize(
    ('groups', 'size', 'shape'),
    [(8, (56, 56), (2, 4)), (9, (28, 28), (3, 3)), (5, (7, 7), (1, 5)), (8, (56, 14), (4, 2)), (12, (10, 30), (2, 6))],
)
def test_blocks_are_nearest_to_square(groups, size, shape):
    assert grid_shape(groups, *size) == shape
