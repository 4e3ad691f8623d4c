import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / 'engine'), str(TESTS / 'report')]

from report_runs import make_data, make_run  # noqa: E402
from toy_runs import run_tool  # noqa: E402


@pytest.fixture
def runs(tmp_path):
    data = make_data(tmp_path, clips=4)
    return [make_run(tmp_path / name, data, seed=i, uncertainty=name == 'b') for i, name in enumerate('ab')]


def compare(tmp_path, *args):
    log = tmp_path / 'log'
    log.unlink(missing_ok=True)  # it grows otherwise
    return run_tool('compare.py', *args, '--out', tmp_path / 'page.html', log=log)


def test_two_work_dirs_become_one_page(tmp_path, runs):
    (runs[1] / '1' / 'vis_data' / 'scalars.json').write_text('{"loss": 1.0, "step": 1}\n{"loss": NaN, "step": 2}\n{"lo')
    args = (*runs, '--names', 'plain', '<b>unsure</b>', '--reference', '<b>unsure</b>', '--clips', 3)
    code, text = compare(tmp_path, *args)
    assert code == 0, text
    assert 'plain: testing iter_2.pth on matched' in text
    page = (tmp_path / 'page.html').read_text()
    assert 'http' not in page
    assert '<b>unsure</b>' not in page
    assert '&lt;b&gt;unsure&lt;/b&gt;: 1 logged losses are not finite' in page
    assert '&lt;b&gt;unsure&lt;/b&gt;: 1 incomplete lines' in page
    assert 'test sets left out, since not all models have been tested on them: silence' in page
    assert page.count('class="card"') == 3
    assert page.count('<img') == 3 * (2 + 2 + 1)  # frames, truth, two masks, one uncertainty
    metrics = [json.loads((run / 'compare' / 'matched.json').read_text())['metrics']['avs/J_frame'] for run in runs]
    assert f'<td>{metrics[0]:.3f}<small>{metrics[0] - metrics[1]:+.3f}</small></td>' in page
    assert page.count('plain − &lt;b&gt;unsure&lt;/b&gt;</th>') == 3  # a column in the tables of J, F and J_nonempty

    code, text = compare(tmp_path, *args, '--test-sets', 'all')
    assert code == 0, text
    assert 'on matched' not in text  # kept from the first call
    assert 'plain: testing iter_2.pth on silence' in text
    page = (tmp_path / 'page.html').read_text()
    assert '<summary>FP_rate_empty</summary>' in page
    assert 'silence</option>' in page


def test_stored_results_are_compared_without_data(tmp_path, runs):
    assert compare(tmp_path, *runs, '--clips', 0)[0] == 0
    code, text = compare(tmp_path, *runs, '--clips', 0, '--cfg-options', 'data_root=/nowhere')
    assert code == 1  # other data would be another test
    assert 'needs the folder' in text or '/nowhere' in text
    (tmp_path / 'Multi-sources').rename(tmp_path / 'away')
    code, text = compare(tmp_path, *runs, '--clips', 0)
    assert code == 0, text
    assert 'subsets are not shown' in (tmp_path / 'page.html').read_text()


def test_errors_are_one_message(tmp_path, runs):
    code, text = compare(tmp_path, *runs, '--reference', 'c')
    assert code == 1
    assert "error: reference 'c' is not one of the models ['a', 'b']" in text
    (runs[1] / 'iter_2.pth').unlink()
    code, text = compare(tmp_path, *runs)
    assert code == 1
    assert f'error: {runs[1]} holds no complete checkpoint' in text
    assert 'Traceback' not in text
