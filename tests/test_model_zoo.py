"""The model zoo: the files of this checkout are up to date, and what is wrong in an index is found."""

import importlib
import json
import runpy
from pathlib import Path

import pytest
import yaml

from mmavs.zoo import read_model_index, render_page

ROOT = Path(__file__).resolve().parents[1]
PAGE = 'docs/en/model_zoo.md'


@pytest.fixture
def tool(monkeypatch, capsys):
    """Run the tool on a checkout; return its exit code and what it printed."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/misc'))
    module = importlib.import_module('write_model_zoo')

    def run(root, *args):
        return module.main(['--root', str(root), *args]), capsys.readouterr().out

    return run


# the files of this checkout


def test_metafiles_and_page_are_up_to_date(tool):
    code, text = tool(ROOT, '--check')
    assert code == 0, text


def test_every_measured_number_is_in_its_log():
    index = read_model_index(ROOT)
    checked = 0
    for model in index.models.values():
        for result in model.results:
            run = index.runs[result['Run']]
            log = json.loads((ROOT / run.log).read_text())
            if run.study is None:
                expected = log[result['Condition']]['avs/J_frame']
            else:
                entries = runpy.run_path(ROOT / run.study)['study']
                methods = {entry['name'] for entry in entries if entry['config'] == model.config_name}
                rows = [r for r in log['rows'] if r['condition'] == result['Condition'] and r['method'] in methods]
                assert sorted(r['seed'] for r in rows) == sorted(result['Seeds'])
                expected = sum(r['J'] for r in rows) / len(rows)
            assert result['Metrics']['J'] == pytest.approx(expected, abs=1e-6)
            checked += 1
    assert checked >= 50


def test_every_run_says_what_is_behind_it():
    index = read_model_index(ROOT)
    assert index.runs
    for run in index.runs.values():
        assert (ROOT / run.log).is_file()
        assert run.seeds
        assert run.commits
        assert run.date.startswith('20')
        assert run.hardware
        assert run.study is None or (ROOT / run.study).is_file()


def test_published_numbers_have_a_source_and_are_never_results():
    index = read_model_index(ROOT)
    for model in index.models.values():
        family = model.training_data.partition('-')[0]
        assert all(result['Dataset'].startswith(f'{family}-') for result in model.results)
        assert all(item['Source'].startswith('https://') for item in model.published)
        assert all(1 < item['Metrics']['J'] < 100 for item in model.published), 'published numbers are in percent'
    assert not any(model.published for model in index.models.values() if model.collection == 'AMA')
    assert index.models['tpavi_r50_s4'].published[0]['Metrics'] == {'J': 72.79, 'F': 84.8}
    page = render_page(index)
    measured = [line for line in page.splitlines() if 'tpavi_r50_s4.py' in line and ' / ' in line]
    assert measured == []


def test_names_lead_to_configs():
    index = read_model_index()
    assert index.find('tpavi_r50_s4').config == 'configs/tpavi/tpavi_r50_s4.py'
    assert index.find('tpavi/tpavi_r50_s4.py') is index.find('tpavi_r50_s4.py')
    assert index.find('amaue_lite0_avstamps-gap').config_name == 'benchmark/amaue_lite0_avstamps-gap.py'
    assert index.find('ama_lite0_avstamps-crowd').collection == 'AMA'
    assert index.find('benchmark/ama_lite0_avstamps-crowd').name == 'benchmark_ama_lite0_avstamps-crowd'
    with pytest.raises(ValueError, match=r"no model is called 'tpavi_r51_s4'; near: \['tpavi_r50_s4'"):
        index.find('tpavi_r51_s4')
    assert index.find_config('catr_r50_s4').is_file()


# a small checkout


def write_yaml(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def row(method, seed, j, condition='easy'):
    return dict(
        method=method, seed=seed, condition=condition, num_clips=3, J=j, F=j + 0.1, J_nonempty=j, FP_rate_empty=None
    )


def write_study(root, name, rows, entries):
    facts = {
        'date': '2026-01-02 03:04',
        'commits of the trainings': 'abc, def',
        'seeds': '0, 1',
        'machine': 'a machine',
    }
    path = root / f'docs/results/{name}/RESULT.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(facts=facts, rows=rows, comparisons=[])))
    study = root / f'tools/analysis_tools/studies/{name}.py'
    study.parent.mkdir(parents=True, exist_ok=True)
    study.write_text(f'study = {entries!r}\nseeds = (0, 1)\n')


@pytest.fixture
def small(tmp_path, tool):
    """A checkout with two configs, a study of two seeds and one of one seed, brought up to date."""
    (tmp_path / 'docs/en').mkdir(parents=True)
    (tmp_path / 'configs/toy').mkdir(parents=True)
    for name in ('toy_r50_s4', 'toy_r50_avstamps-crowd'):
        (tmp_path / f'configs/toy/{name}.py').write_text('model = dict()\n')
    write_yaml(tmp_path / 'model-index.yml', dict(Import=['configs/toy/metafile.yml']))
    model = {'Name': 'toy_r50_s4', 'In Collection': 'Toy', 'Config': 'configs/toy/toy_r50_s4.py'}
    model |= {'Metadata': {'Training Data': 'AVSBench-S4'}}
    published = {'Dataset': 'AVSBench-S4', 'Metrics': {'J': 70.0, 'F': 80.0}, 'Input': 224, 'Source': 'https://toy.org'}
    content = dict(Collections=[dict(Name='Toy')], Models=[{**model, 'Published': [published]}])
    write_yaml(tmp_path / 'configs/toy/metafile.yml', content)
    config = 'toy/toy_r50_avstamps-crowd.py'
    own = dict(name='wide', config=config, cfg_options={'model.width': 2})
    rows = [row('toy', 0, 0.2), row('toy', 1, 0.4), row('wide', 0, 0.9), row('toy', 0, 0.1, 'gap')]
    write_study(tmp_path, 'b_two_seeds', rows, [dict(name='toy', config=config), own])
    write_study(tmp_path, 'a_one_seed', [row('t', 0, 0.5)], [dict(name='t', config=config)])
    assert tool(tmp_path)[0] == 0
    assert tool(tmp_path, '--check')[0] == 0
    return tmp_path


def test_results_are_means_of_the_study_with_most_seeds(small):
    index = read_model_index(small)
    model = index.models['toy_r50_avstamps-crowd']
    assert model.training_data == 'AVStamps-crowd'  # added by the tool, from its name
    found = {result['Dataset']: (result['Metrics'], result['Seeds'], result['Run']) for result in model.results}
    assert found == {
        'AVStamps-easy': ({'J': 0.3, 'F': 0.4}, [0, 1], 'b_two_seeds'),
        'AVStamps-gap': ({'J': 0.1, 'F': 0.2}, [0], 'b_two_seeds'),
    }
    run = index.runs['b_two_seeds']
    assert (run.commits, run.seeds, run.hardware) == (('abc', 'def'), (0, 1), 'a machine')
    assert list(index.runs) == ['b_two_seeds']  # the other one is behind no number
    page = (small / PAGE).read_text()
    assert '| 0.300 / 0.400 |' in page
    assert '| 70.00 | 80.00 | 224 | <https://toy.org> |' in page


def damage_page(root):
    (root / PAGE).write_text((root / PAGE).read_text().replace('0.300 / 0.400', '0.900 / 0.900'))


def damage_metafile(root):
    path = root / 'configs/toy/metafile.yml'
    path.write_text(path.read_text().replace('J: 0.3', 'J: 0.9'))


def change_log(root):
    path = root / 'docs/results/b_two_seeds/RESULT.json'
    path.write_text(path.read_text().replace('0.4', '0.6'))


def add_config(root):
    (root / 'configs/toy/new_r50_ms3.py').write_text('model = dict()\n')


@pytest.mark.parametrize('change', [damage_page, damage_metafile, change_log, add_config])
def test_check_fails_until_the_tool_has_run(small, tool, change):
    change(small)
    code, text = tool(small, '--check')
    assert code == 1
    assert 'is out of date: run python tools/misc/write_model_zoo.py' in text
    assert tool(small)[0] == 0
    assert tool(small, '--check') == (0, '')


def drop_config(root, content):
    (root / content['Models'][0]['Config']).unlink()


def drop_log(root, content):
    (root / 'docs/results/b_two_seeds/RESULT.json').unlink()


def drop_study(root, content):
    (root / 'tools/analysis_tools/studies/b_two_seeds.py').unlink()


def add_unclear_config(root, content):
    (root / 'configs/toy/new_r50_mine.py').write_text('model = dict()\n')


def add_folder(root, content):
    (root / 'configs/other').mkdir()
    (root / 'configs/other/other_r50_s4.py').write_text('model = dict()\n')


def rename(root, content):
    content['Models'][0]['Name'] = 'another'


def misspell(root, content):
    content['Models'][0]['Weight'] = 'https://toy.org/toy.pth'


def forget_source(root, content):
    del content['Models'][0]['Published'][0]['Source']


def repeat(root, content):
    content['Models'].append(content['Models'][0])


def lose_collection(root, content):
    content['Models'][0]['In Collection'] = 'Toys'


def lose_run(root, content):
    content['Models'][1]['Results'][0]['Run'] = 'c'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (drop_config, r'names configs/toy/toy_r50_s4\.py, which does not exist'),
        (drop_log, r"run 'b_two_seeds' names the log docs/results/b_two_seeds/RESULT\.json"),
        (drop_study, r'has no study file .*b_two_seeds\.py'),
        (add_unclear_config, r'new_r50_mine\.py must be added to .*metafile\.yml by hand'),
        (add_folder, r'configs/other/other_r50_s4\.py has no metafile'),
        (rename, r"must be called 'toy_r50_s4', got 'another'"),
        (misspell, r"unknown keys \['Weight'\]"),
        (forget_source, r"missing keys \['Source'\]"),
        (repeat, r"'toy_r50_s4' is used twice"),
        (lose_collection, r"is in 'Toys', collections are \['Toy'\]"),
        (lose_run, r"names the run 'c', which no metafile has"),
    ],
)
def test_what_leads_nowhere_is_an_error(small, tool, change, message):
    path = small / 'configs/toy/metafile.yml'
    content = yaml.safe_load(path.read_text())
    change(small, content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        tool(small, '--check')
