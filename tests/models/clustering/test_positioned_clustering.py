import pytest
import torch

from mmavs.models.clustering import DPCKNN, PositionedClustering


def test_equals_the_method_on_tokens_with_their_places():
    torch.manual_seed(0)
    tokens, weight = torch.randn(2, 24, 9), 2.0
    places = torch.tensor([[r / 3, c / 5] for r in range(4) for c in range(6)]).expand(2, -1, -1)
    placed = torch.cat([tokens, weight * 3 * places], -1)  # 3 = sqrt(9 channels)
    expected = DPCKNN(k=3)(placed * (11 / 9) ** 0.5, 4)
    assert torch.equal(PositionedClustering(dict(type='mmavs.DPCKNN', k=3), weight)(tokens, 4, size=(4, 6)), expected)
    assert torch.equal(PositionedClustering(DPCKNN(k=3), 0)(tokens, 4, size=(4, 6)), DPCKNN(k=3)(tokens, 4))


def test_groups_of_unlike_tokens_hang_together_only_with_their_places():
    torch.manual_seed(0)
    tokens = torch.randn(4, 256, 16)

    def borders(weight):
        labels = PositionedClustering(DPCKNN(k=5), weight)(tokens, 8, size=(16, 16)).view(4, 16, 16)
        return (labels[:, 1:] != labels[:, :-1]).float().mean()

    assert borders(10.0) < 0.25 < 0.6 < borders(0.0)


def test_masked_tokens_take_no_part():
    torch.manual_seed(0)
    tokens, mask = torch.randn(1, 16, 4), torch.arange(16).view(1, 16) < 12
    clustering = PositionedClustering(DPCKNN(k=3))
    changed = torch.where(mask.unsqueeze(-1), tokens, torch.nan)
    assert torch.equal(clustering(tokens, 3, mask, (4, 4)), clustering(changed, 3, mask, (4, 4)))


def test_misuse_is_named():
    with pytest.raises(ValueError, match='weight'):
        PositionedClustering(DPCKNN(), -1.0)
    with pytest.raises(ValueError, match='size'):
        PositionedClustering(DPCKNN())(torch.randn(1, 4, 2), 2)
