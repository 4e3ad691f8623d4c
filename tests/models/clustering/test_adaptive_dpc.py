import pytest
import torch
from clustering_references import blobs, same_partition

from mmavs.models.clustering import DPCKNN, AdaptiveDPC


@pytest.mark.parametrize('groups', [2, 4, 9, 15])
def test_as_many_groups_as_there_are(groups):
    x, member = blobs(2, 300, groups, channels=64)
    labels = AdaptiveDPC()(x, 20)
    assert all(same_partition(a, b) for a, b in zip(labels, member, strict=True))


def test_frames_of_one_batch_may_differ():
    a, b = blobs(1, 200, 3, channels=64)[0], blobs(1, 200, 7, channels=64)[0]
    labels = AdaptiveDPC()(torch.cat((a, b)), 12)
    assert labels.amax(-1).tolist() == [2, 6]


def test_never_more_than_asked_for():
    x, _ = blobs(1, 200, 7, channels=64)
    assert torch.equal(AdaptiveDPC()(x, 4), DPCKNN()(x, 4))


def test_labels_are_those_of_the_chosen_number():
    x = torch.randn(1, 196, 8, generator=torch.Generator().manual_seed(0))
    labels = AdaptiveDPC(threshold=1.5)(x, 50)
    chosen = int(labels.max()) + 1
    assert 1 < chosen < 50
    assert torch.equal(labels, DPCKNN()(x, chosen))


def test_a_mask_hides_groups():
    x, member = blobs(1, 300, 6, channels=64)
    labels = AdaptiveDPC()(x, 12, member < 4)
    assert labels.max() == 3
    assert same_partition(labels[member < 4], member[member < 4])


def test_a_high_threshold_leaves_one_group():
    x, _ = blobs(2, 200, 7)
    assert not AdaptiveDPC(threshold=1e6)(x, 10).any()
    with pytest.raises(ValueError, match='threshold must be positive, got 0'):
        AdaptiveDPC(threshold=0)
