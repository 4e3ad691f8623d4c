from pathlib import Path

import pytest

from mmavs.testing.golden import GoldenCase
from mmavs.testing.golden_networks import check_case

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


CASES = [
    'tpavi_r50_ms3',
    'tpavi_pvt_ms3',
    'tpavi_r50_avss_flags',  # 71 classes, clips of ten and five frames in one batch
    'tpavi_r50_ms3_visual',  # two clips, two of the stages, visual-visual branch
    'vggish',
]


@pytest.mark.parametrize('name', CASES)
def test_published_outputs_are_reproduced(name):
    errors = check_case(GoldenCase.load(GOLDEN / f'{name}.json'))
    assert errors
    assert max(errors.values()) < 1e-5, errors


def test_a_wrong_weight_is_noticed(monkeypatch):
    case = GoldenCase.load(GOLDEN / 'vggish.json')
    weights = case.state_dict()
    weights['embeddings.4.bias'] = weights['embeddings.4.bias'] + 0.1
    monkeypatch.setattr(GoldenCase, 'state_dict', lambda self: weights)
    assert max(check_case(case).values()) > 1e-2
