import itertools

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from mmavs.models.losses.matcher import assign_queries


def test_a_single_target_gets_the_query_that_the_hungarian_algorithm_gives_it():
    cost = torch.randn(5, 9, 1, generator=torch.Generator().manual_seed(0))
    expected = [linear_sum_assignment(one.numpy())[0].item() for one in cost]
    assert assign_queries(cost)[:, 0].tolist() == expected


def test_several_targets_get_different_queries_at_least_cost():
    cost = torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(0))
    assigned = assign_queries(cost)
    assert assigned.shape == (3, 3)
    for one, queries in zip(cost, assigned.tolist(), strict=True):
        assert len(set(queries)) == 3
        least = min(sum(one[q, g].item() for g, q in enumerate(p)) for p in itertools.permutations(range(5), 3))
        assert sum(one[q, g].item() for g, q in enumerate(queries)) == pytest.approx(least)


def test_one_target_needs_no_data():
    assert assign_queries(torch.zeros(2, 4, 1, device='meta')).shape == (2, 1)


def test_too_many_targets_are_refused():
    with pytest.raises(ValueError, match='3 targets cannot have a query each: there are 2 queries'):
        assign_queries(torch.zeros(1, 2, 3))
