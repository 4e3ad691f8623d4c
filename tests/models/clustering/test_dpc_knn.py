import pytest
import torch
from clustering_references import blobs, published_dpc, same_partition

from mmavs.models.clustering import DPCKNN


@pytest.mark.parametrize(
    ('num_tokens', 'groups', 'k'), [(30, 6, 3), (49, 49, 5), (100, 5, 1), (196, 12, 5), (784, 5, 5), (900, 225, 8)]
)
def test_labels_equal_the_published_ones(num_tokens, groups, k):
    x = torch.randn(3, num_tokens, 32, generator=torch.Generator().manual_seed(num_tokens + k))
    assert torch.equal(DPCKNN(k=k)(x, groups), published_dpc(x, groups, k)[-1])


def test_labels_equal_the_published_ones_over_many_blocks():
    x = torch.randn(2, 700, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(DPCKNN(block_size=2 * 700 * 48)(x, 100), published_dpc(x, 100, 5)[-1])


def test_blobs_are_found():
    x, member = blobs(3, 300, 6)
    labels = DPCKNN()(x, 6)
    assert all(same_partition(a, b) for a, b in zip(labels, member, strict=True))


def test_the_order_of_the_tokens_does_not_matter():
    x, _ = blobs(1, 200, 5, spread=0.8)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    assert torch.equal(DPCKNN()(x[:, order], 5), DPCKNN()(x, 5)[:, order])


def test_memory_stays_far_below_the_whole_matrix():
    """No operator may produce anything near ``B x N x N`` elements."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            for value in out if isinstance(out, (tuple, list)) else (out,):
                if isinstance(value, torch.Tensor):
                    self.size = max(self.size, value.numel())
            return out

    with Largest() as largest:
        DPCKNN(block_size=2**17)(torch.randn(2, 1600, 8), 20)
    assert largest.size <= 2**17 * 1.1  # columns are filled up to whole lanes
    assert largest.size < 2 * 1600 * 1600 / 4


def test_options_are_checked():
    with pytest.raises(ValueError, match='DPCKNN: k and block_size must be at least 1, got 0 and'):
        DPCKNN(k=0)
    with pytest.raises(ValueError, match='got 5 and 0'):
        DPCKNN(block_size=0)
