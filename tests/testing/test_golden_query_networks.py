from pathlib import Path

import pytest

from mmavs.testing.golden import GoldenCase
from mmavs.testing.golden_networks import check_case

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


@pytest.mark.parametrize('name', ['avsegformer_r50_ms3', 'catr_pvt_ms3'])
def test_published_outputs_are_reproduced(name):
    errors = check_case(GoldenCase.load(GOLDEN / f'{name}.json'))
    assert errors
    assert max(errors.values()) < 1e-5, errors
