import re

import pytest
from report_runs import make_data, make_run, make_semantic_data

from mmavs.report import CompareOptions, TrainedRun, compare_runs
from mmavs.report.compare import choose_test_sets, evaluator_differences


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'), clips=3)


@pytest.fixture
def pair(tmp_path, data):
    return [TrainedRun(make_run(tmp_path / name, data, seed=i)) for i, name in enumerate('ab')]


def test_several_classes_and_subsets(tmp_path):
    data = make_semantic_data(tmp_path)
    runs = [TrainedRun(make_run(tmp_path / name, data, seed=i, semantic=True)) for i, name in enumerate('ab')]
    page = compare_runs(runs, tmp_path / 'page.html', CompareOptions(clips=6)).read_text()
    rows = re.findall(r'<th scope="row">([^<]*)</th><td>(\d+)</td>', page)
    assert rows == [('matched', '6'), ('matched / v1s', '2'), ('matched / v1m', '2'), ('matched / v2', '2')]
    assert '<summary>J_foreground</summary>' in page
    assert 'mJ_class' in page
    assert page.count('class="card"') == 6
    assert 'matched / v2</option>' in page
    assert ', 10 frames"' in page


def test_test_sets(pair):
    assert choose_test_sets(pair, None) == ['matched']
    assert choose_test_sets(pair, ['all']) == ['matched', 'silence']
    assert choose_test_sets(pair, ['silence']) == ['silence']
    with pytest.raises(ValueError, match="has no test set 'other'"):
        choose_test_sets(pair, ['other'])
    with pytest.raises(ValueError, match='test sets must differ'):
        choose_test_sets(pair, ['silence', 'silence'])


def test_main_sets_of_other_names_meet_as_test(pair):
    del pair[1].cfg.conditions['matched']
    assert choose_test_sets(pair, None) == ['test']


def test_other_options_of_a_metric_are_told(pair):
    assert evaluator_differences(pair) == []
    pair[1].cfg.test_evaluator[0]['pad_frames'] = 3
    assert evaluator_differences(pair) == ['a and b are tested with other options of BinaryAVSMetric']


def test_options_and_reference_are_checked(pair, tmp_path):
    with pytest.raises(ValueError, match='clips must not be negative and max_mb positive'):
        CompareOptions(clips=-1)
    with pytest.raises(ValueError, match=r"reference 'c' is not one of the models \['a', 'b'\]"):
        compare_runs(pair, tmp_path / 'p.html', CompareOptions(reference='c'))
