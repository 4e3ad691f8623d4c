import pytest
import torch
from clustering_references import blobs, published_dpc

from mmavs.models.clustering.functional import (
    assign_nearest,
    block_rows,
    knn_density,
    merge_tokens,
    parent_distance,
    peak_scores,
    smallest,
)


@pytest.mark.parametrize(('num_tokens', 'k'), [(30, 3), (196, 5), (500, 5), (784, 7)])
def test_decision_graph_equals_the_published_one(num_tokens, k):
    x = torch.randn(2, num_tokens, 24, generator=torch.Generator().manual_seed(num_tokens))
    reference = published_dpc(x, 4, k)[:3]
    for value, expected in zip(peak_scores(x, k), reference, strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('block_size', [1, 5000, 20000])
def test_the_size_of_the_blocks_does_not_matter(block_size):
    x = torch.randn(3, 200, 16, generator=torch.Generator().manual_seed(0))
    for value, expected in zip(peak_scores(x, block_size=block_size), peak_scores(x), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


def test_blocks_are_as_large_as_allowed_in_whole_steps():
    assert block_rows(3136, 10 * 3136, 2**20) == 32
    assert block_rows(3136, 10 * 3136, 1) == 16
    assert block_rows(49, 49, 2**20) == 49


def test_equal_densities_are_no_parents_of_each_other():
    x = torch.tensor([[0.0], [1.0], [3.0], [10.0]]).unsqueeze(0)
    density = torch.tensor([[0.5, 0.5, 0.2, 0.1]])
    delta = parent_distance(x, density, torch.tensor([10.0]))
    torch.testing.assert_close(delta, torch.tensor([[10.0, 10.0, 2.0, 7.0]]))


def test_ties_reach_over_the_blocks():
    x = torch.randn(1, 64, 4, generator=torch.Generator().manual_seed(0))
    density = torch.full((1, 64), 0.5)
    density[0, 40] = 0.9
    delta = parent_distance(x, density, torch.tensor([99.0]), block_size=1)
    expected = (x - x[:, 40:41]).norm(dim=-1) / 2
    expected[0, 40] = 99
    torch.testing.assert_close(delta, expected, rtol=1e-4, atol=1e-4)


def test_smallest_finds_all_of_them_wherever_they_are():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 40, (2, 50, 96), generator=generator).float()  # many equal ones
    rows[:, :10, ::16] = -1  # six in one lane
    torch.testing.assert_close(smallest(rows, 5, 16), rows.sort(-1).values[..., :5])
    torch.testing.assert_close(smallest(rows, 5, 96), rows.sort(-1).values[..., :5])


def test_density_of_few_tokens_is_the_mean_over_those_that_take_part():
    x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]]).unsqueeze(0)
    mask = torch.tensor([[True, True, False]])
    density, largest = knn_density(x, 5, mask)
    expected = torch.exp(torch.tensor(-(2.0**2 / 2) / 2))  # itself and the other
    torch.testing.assert_close(density, torch.stack((expected, expected, torch.tensor(-1.0)))[None])
    torch.testing.assert_close(largest, torch.tensor([2**0.5]))


def test_nearest_centre_by_brute_force():
    generator = torch.Generator().manual_seed(0)
    x, centres = torch.randn(2, 300, 8, generator=generator), torch.randn(2, 7, 8, generator=generator)
    labels = assign_nearest(x, centres, block_size=1000)
    assert torch.equal(labels, (x[:, :, None] - centres[:, None]).square().sum(-1).argmin(-1))
    valid = torch.tensor([[True] * 7, [False, True, True, False, True, True, False]])
    labels = assign_nearest(x, centres, valid)
    assert set(labels[1].tolist()) == {1, 2, 4, 5}


def test_merging_equals_a_loop_and_carries_gradients():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 40, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 40, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 4, (2, 40), generator=generator)  # group 4 of 5 stays empty
    merged, share = merge_tokens(x, labels, 5, weight)
    for b in range(2):
        for group in range(5):
            member = labels[b] == group
            own = weight[b, member] / (weight[b, member].sum() + 1e-6)
            torch.testing.assert_close(share[b, member], own)
            torch.testing.assert_close(merged[b, group], (own[:, None] * x[b, member]).sum(0))
    assert torch.autograd.gradcheck(lambda x, w: merge_tokens(x, labels, 5, w), (x, weight))


def test_merging_leaves_masked_tokens_out():
    x, labels = blobs(2, 30, 3)
    mask = torch.ones(2, 30, dtype=torch.bool)
    mask[:, 20:] = False
    x[:, 20:] = float('nan')
    merged, share = merge_tokens(x, labels, 3, mask=mask)
    expected, _ = merge_tokens(x[:, :20], labels[:, :20], 3)
    torch.testing.assert_close(merged, expected)
    assert not share[:, 20:].any()
