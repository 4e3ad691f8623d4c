import pytest
import torch
from torch.nn import functional as F

from mmavs.models.clustering import DPCKNN, PooledClustering
from mmavs.models.clustering.pooled_clustering import masked_pool, pooling_factor


def tokens(batch, height, width):
    return torch.randn(batch, height * width, 12, generator=torch.Generator().manual_seed(0))


def test_small_maps_are_clustered_as_they_are():
    x = tokens(2, 14, 14)
    assert torch.equal(PooledClustering(dict(type='DPCKNN'), 196)(x, 5, size=(14, 14)), DPCKNN()(x, 5))


def test_labels_are_those_of_the_pooled_map_copied_up():
    x = tokens(2, 16, 24)
    labels = PooledClustering(dict(type='DPCKNN'), 100)(x, 5, size=(16, 24))
    pooled = F.avg_pool2d(x.transpose(1, 2).unflatten(2, (16, 24)), 2)
    expected = DPCKNN()(pooled.flatten(2).transpose(1, 2), 5).view(2, 1, 8, 12).float()
    expected = F.interpolate(expected, scale_factor=2, mode='nearest').long()
    assert torch.equal(labels, expected.flatten(1))


def test_the_position_reaches_the_inner_method():
    labels = PooledClustering(dict(type='GridGroups'), 16)(tokens(1, 8, 8), 4, size=(8, 8)).view(8, 8)
    assert labels[0, 0] == 0
    assert labels[0, 7] == 1
    assert labels[7, 0] == 2
    assert labels[7, 7] == 3


def test_reassigned_tokens_join_the_nearest_pooled_group():
    x = tokens(2, 16, 24)
    mask = torch.rand(2, 16 * 24, generator=torch.Generator().manual_seed(1)) < 0.8
    labels = PooledClustering(dict(type='DPCKNN'), 100, reassign=True)(x, 7, mask, (16, 24))
    pooled, share = masked_pool(x.masked_fill(~mask[..., None], 0), mask, (16, 24), 2)
    few, part = pooled.flatten(2).transpose(1, 2), share.flatten(1) > 0
    groups = DPCKNN()(few, 7, part)
    for b in range(2):
        means = torch.stack([few[b, part[b] & (groups[b] == group)].mean(0) for group in range(7)])
        nearest = (x[b][:, None] - means).square().sum(-1).argmin(-1)
        assert torch.equal(labels[b], nearest.masked_fill(~mask[b], 0))


def test_reassigning_keeps_out_of_unused_groups():
    x = tokens(1, 6, 6)
    labels = PooledClustering(dict(type='SingleGroup'), 9, reassign=True)(x, 4, size=(6, 6))
    assert not labels.any()


@pytest.mark.parametrize(
    ('size', 'most', 'factor'), [((28, 28), 784, 1), ((56, 56), 784, 2), ((57, 57), 784, 3), ((5, 1), 2, 3)]
)
def test_smallest_sufficient_factor(size, most, factor):
    assert pooling_factor(size, most) == factor


@pytest.mark.parametrize('size', [(6, 6), (7, 5)])
def test_means_are_over_the_tokens_that_take_part(size):
    height, width = size
    x = tokens(1, height, width)
    mask = torch.rand(1, height * width, generator=torch.Generator().manual_seed(0)) < 0.6
    mask.view(size)[:2, :2] = False
    mean, share = masked_pool(x.masked_fill(~mask[..., None], 0), mask, size, 2)
    grid, taking_part = x.view(height, width, -1), mask.view(size)
    for row in range(mean.shape[2]):
        for column in range(mean.shape[3]):
            area = (slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2))
            members = grid[area][taking_part[area]]
            expected = members.mean(0) if len(members) else torch.zeros(12)
            torch.testing.assert_close(mean[0, :, row, column], expected)
            assert bool(share[0, 0, row, column] > 0) == bool(len(members))


def test_options_are_checked():
    with pytest.raises(ValueError, match='max_tokens must be at least 1, got 0'):
        PooledClustering(dict(type='DPCKNN'), 0)
