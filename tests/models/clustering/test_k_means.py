import numpy as np
import pytest
import torch
from clustering_references import blobs, same_partition
from sklearn.cluster import KMeans as SklearnKMeans

from mmavs.models.clustering import KMeans
from mmavs.models.clustering.k_means import draw


def inertia(x, labels):
    """Sum of squared distances from the mean of the own group, over the batch."""
    total = 0.0
    for tokens, label in zip(x, labels, strict=True):
        for group in label.unique():
            members = tokens[label == group]
            total += float((members - members.mean(0)).square().sum())
    return total


@pytest.mark.parametrize('iters', [0, 1, 6])
def test_rounds_equal_those_of_sklearn_from_the_same_start(iters):
    x = torch.randn(3, 300, 8, generator=torch.Generator().manual_seed(0))
    centres = x[:, :12].clone()
    labels = KMeans(num_iters=iters, block_size=2000).refine(x, centres)
    for tokens, start, own in zip(x.numpy(), centres.numpy(), labels.numpy(), strict=True):
        if iters:
            model = SklearnKMeans(12, init=start, n_init=1, max_iter=iters, tol=0, algorithm='lloyd').fit(tokens)
            start = model.cluster_centers_
        nearest = ((tokens[:, None] - start) ** 2).sum(-1).argmin(1)
        assert np.array_equal(own, nearest)


def test_blobs_are_found():
    x, member = blobs(4, 300, 8)
    labels = KMeans()(x, 8)
    assert all(same_partition(a, b) for a, b in zip(labels, member, strict=True))


@pytest.mark.parametrize('groups', [5, 40])
def test_the_start_is_as_good_as_k_means_plus_plus(groups):
    x = torch.randn(4, 400, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([4.0, 3, 2, 1, 1, 1])
    own = np.mean([inertia(x, KMeans(seed=seed)(x, groups)) for seed in range(5)])
    models = [
        [SklearnKMeans(groups, n_init=1, max_iter=10, tol=0, random_state=seed).fit(t).inertia_ for t in x.numpy()]
        for seed in range(5)
    ]
    assert own < 1.05 * np.mean(np.sum(models, 1))


def test_seeds_differ():
    x = torch.randn(1, 200, 8, generator=torch.Generator().manual_seed(0))
    assert not same_partition(KMeans(seed=0)(x, 6)[0], KMeans(seed=1)(x, 6)[0])


def test_an_empty_group_moves_to_the_farthest_token():
    x = torch.tensor([0.0, 0.1, 0.2, 10.0, 10.1, 50.0]).view(1, 6, 1)
    centres = torch.tensor([0.0, 10.0, 1000.0]).view(1, 3, 1)
    labels = KMeans(num_iters=3).refine(x, centres)
    assert labels.tolist() == [[0, 0, 0, 1, 1, 2]]


def test_two_empty_groups_move_to_different_tokens():
    x = torch.tensor([0.0, 0.1, 0.2, 30.0, 80.0]).view(1, 5, 1)
    centres = torch.tensor([0.0, 1000.0, 2000.0]).view(1, 3, 1)
    labels = KMeans(num_iters=3).refine(x, centres)[0]
    assert same_partition(labels, torch.tensor([0, 0, 0, 1, 2]))


def test_fewer_different_tokens_than_groups():
    x = torch.tensor([0.0, 0.0, 5.0, 5.0, 5.0, 9.0]).view(1, 6, 1)
    labels = KMeans()(x, 5)[0]
    assert same_partition(labels, torch.tensor([0, 0, 1, 1, 1, 2]))


def test_draws_follow_the_weights():
    weight = torch.tensor([[0.0, 1.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    index, drawn = draw(weight, 4, 0.5)
    assert index[0].tolist() == [1, 3, 3, 3]
    assert drawn.tolist() == [True, False]
    counts = torch.stack([draw(weight[:1], 1, (i + 0.5) / 100)[0].flatten() for i in range(100)]).flatten().bincount()
    assert counts.tolist() == [0, 25, 0, 75]


def test_options_are_checked():
    with pytest.raises(ValueError, match='num_iters must be at least 0 and block_size at least 1, got -1 and'):
        KMeans(num_iters=-1)
