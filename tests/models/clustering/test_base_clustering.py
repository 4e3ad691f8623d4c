"""What every method promises: the interface, masks, determinism, execution modes."""

import pytest
import torch
from clustering_references import blobs

from mmavs.models.clustering import BaseClustering
from mmavs.registry import MODELS

SIZE = (12, 15)
N = SIZE[0] * SIZE[1]
CONFIGS = {
    'dpc_knn': dict(type='DPCKNN'),
    'adaptive': dict(type='AdaptiveDPC'),
    'kmeans': dict(type='KMeans'),
    'grid': dict(type='GridGroups'),
    'single': dict(type='SingleGroup'),
    'pooled': dict(type='PooledClustering', clustering=dict(type='DPCKNN'), max_tokens=50),
    'reassigned': dict(type='PooledClustering', clustering=dict(type='KMeans'), max_tokens=50, reassign=True),
}
CONTENT = ('dpc_knn', 'adaptive', 'kmeans')


@pytest.fixture(params=CONFIGS)
def clustering(request):
    return MODELS.build(CONFIGS[request.param])


@pytest.fixture(params=CONTENT)
def content_clustering(request):
    return MODELS.build(CONFIGS[request.param])


def tokens(batch=3, seed=0):
    return torch.randn(batch, N, 16, generator=torch.Generator().manual_seed(seed))


def test_labels_are_long_and_in_range(clustering):
    assert isinstance(clustering, BaseClustering)
    for groups in (1, 4, 7):
        labels = clustering(tokens(), groups, size=SIZE)
        assert labels.shape == (3, N)
        assert labels.dtype == torch.long
        assert labels.min() == 0
        assert labels.max() < groups


def test_more_groups_than_tokens_leaves_some_unused(clustering):
    labels = clustering(tokens()[:, :6], 10, size=(2, 3))
    assert 0 <= labels.min() <= labels.max() < 10
    mask = torch.zeros(3, 6, dtype=torch.bool)
    mask[:, 1:3] = True
    labels = clustering(tokens()[:, :6], 5, mask, size=(2, 3))
    assert 0 <= labels.min() <= labels.max() < 5


def test_twice_the_same_labels_in_training_too(clustering):
    first = clustering.train()(tokens(), 5, size=SIZE)
    torch.manual_seed(1)
    assert torch.equal(first, clustering.eval()(tokens(), 5, size=SIZE))


def test_each_sample_is_clustered_on_its_own(clustering):
    x = tokens()
    together = clustering(x, 5, size=SIZE)
    for i in range(3):
        assert torch.equal(together[i : i + 1], clustering(x[i : i + 1], 5, size=SIZE))


def test_masked_tokens_never_take_part(clustering):
    x = tokens()
    mask = torch.rand(3, N, generator=torch.Generator().manual_seed(1)) < 0.7
    mask[2] = False
    labels = clustering(x, 5, mask, SIZE)
    assert not labels[~mask].any()
    for poison in (float('nan'), float('inf'), 1e6):
        assert torch.equal(labels, clustering(x.masked_fill(~mask[..., None], poison), 5, mask, SIZE))


def test_a_mask_equals_clustering_the_other_tokens_alone(content_clustering):
    x, _ = blobs(2, N, 6)
    mask = torch.ones(2, N, dtype=torch.bool)
    mask[:, ::3] = False
    labels = content_clustering(x, 4, mask)
    alone = content_clustering(x[:, mask[0]], 4)
    assert torch.equal(labels[:, mask[0]], alone)


def test_a_full_mask_changes_nothing(clustering):
    x = tokens()
    everything = torch.ones(3, N, dtype=torch.bool)
    assert torch.equal(clustering(x, 5, everything, SIZE), clustering(x, 5, size=SIZE))


def test_no_gradient_and_no_change_of_the_input(clustering):
    x = tokens().requires_grad_()
    before = x.detach().clone()
    labels = clustering(x, 5, size=SIZE)
    assert not labels.requires_grad
    assert torch.equal(x.detach(), before)


def test_autocast_does_not_reach_the_distances(clustering):
    x = tokens()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        labels = clustering(x, 5, size=SIZE)
    assert torch.equal(labels, clustering(x, 5, size=SIZE))


def test_half_precision_tokens(clustering):
    x = tokens().bfloat16()
    assert torch.equal(clustering(x, 5, size=SIZE), clustering(x.float(), 5, size=SIZE))


@pytest.mark.parametrize('masked', [False, True])
def test_compiles_into_one_graph(clustering, masked):
    torch._dynamo.reset()
    x = tokens()
    mask = torch.rand(3, N, generator=torch.Generator().manual_seed(1)) < 0.7 if masked else None
    compiled = torch.compile(clustering, fullgraph=True, backend='eager')
    assert torch.equal(compiled(x, 5, mask, SIZE), clustering(x, 5, mask, SIZE))


@pytest.mark.parametrize('masked', [False, True])
def test_runs_without_data(clustering, masked):
    mask = torch.empty(3, N, dtype=torch.bool, device='meta') if masked else None
    labels = clustering(torch.empty(3, N, 16, device='meta'), 5, mask, SIZE)
    assert labels.shape == (3, N)
    assert labels.device.type == 'meta'


def test_identical_tokens_are_no_problem(clustering):
    labels = clustering(torch.ones(2, N, 16), 5, size=SIZE)
    assert 0 <= labels.min() <= labels.max() < 5


def test_wrong_arguments_are_named():
    clustering = MODELS.build(dict(type='DPCKNN'))
    x = tokens()
    with pytest.raises(ValueError, match=r'DPCKNN: tokens must have the shape \(B, N, C\) with N >= 1, got \(3, 180\)'):
        clustering(x[..., 0], 5)
    with pytest.raises(ValueError, match='with N >= 1'):
        clustering(x[:, :0], 5)
    with pytest.raises(ValueError, match='num_groups must be at least 1, got 0'):
        clustering(x, 0)
    with pytest.raises(TypeError, match=r'mask must be bool .* got torch.float32'):
        clustering(x, 5, torch.ones(3, N))
    with pytest.raises(ValueError, match=r'mask must have the shape \(B, N\) = \(3, 180\), got \(1, 180\)'):
        clustering(x, 5, torch.ones(1, N, dtype=torch.bool))
    with pytest.raises(ValueError, match=r'size \(10, 10\) has 100 positions, tokens 180'):
        clustering(x, 5, size=(10, 10))


@pytest.mark.parametrize('name', ['grid', 'pooled', 'reassigned'])
def test_methods_that_look_at_positions_ask_for_them(name):
    with pytest.raises(ValueError, match=r'looks at positions and needs size=\(H, W\)'):
        MODELS.build(CONFIGS[name])(tokens(), 5)
