from pathlib import Path

import pytest

from mmavs.models.clustering import DPCKNN
from mmavs.testing.golden import GoldenCase
from mmavs.testing.golden_clustering import check_case

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


def test_published_labels_scores_and_merged_tokens_are_reproduced():
    errors = check_case(GOLDEN / 'dpc_knn.json')
    assert set(errors) == set(GoldenCase.load(GOLDEN / 'dpc_knn.json').arrays)
    labels = {name: error for name, error in errors.items() if 'idx' in name or 'index' in name}
    assert len(labels) == 8 * 3 + 2
    assert not any(labels.values()), labels
    assert max(errors.values()) < 1e-6, errors


def test_labels_that_are_wrong_are_counted(monkeypatch):
    monkeypatch.setattr(DPCKNN, 'forward', lambda self, x, num_groups: x[..., 0].mul(0).long())
    errors = check_case(GOLDEN / 'dpc_knn.json')
    assert all(error > 0.5 for name, error in errors.items() if name.endswith('idx_cluster'))


def test_another_method_is_refused():
    with pytest.raises(ValueError, match="must be 'cluster_dpc_knn', got 'vggish'"):
        check_case(GOLDEN / 'vggish.json')
