import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / 'tests' / 'data' / 'golden'


def run(monkeypatch, *argv):
    script = ROOT / 'tools' / 'analysis_tools' / 'check_golden.py'
    monkeypatch.setattr(sys, 'argv', [str(script), *map(str, argv)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(script), run_name='__main__')
    return stop.value.code


def test_a_case_that_fits_is_listed_and_exits_with_0(monkeypatch, capsys):
    assert run(monkeypatch, GOLDEN / 'vggish.json') == 0
    text = capsys.readouterr().out
    assert 'vggish.json embedding: ' in text
    assert 'FAIL' not in text


def test_a_case_that_does_not_fit_exits_with_1(monkeypatch, capsys, tmp_path):
    manifest = json.loads((GOLDEN / 'vggish.json').read_text())
    manifest['seed'] = 1
    for entry in manifest['inputs']:
        entry.pop('sha256', None)
    (tmp_path / 'vggish.json').write_text(json.dumps(manifest))
    shutil.copy(GOLDEN / 'vggish.npz', tmp_path)
    assert run(monkeypatch, tmp_path / 'vggish.json') == 1
    assert 'FAIL' in capsys.readouterr().out


def test_an_unknown_method_is_one_message(monkeypatch, capsys, tmp_path):
    manifest = {**json.loads((GOLDEN / 'vggish.json').read_text()), 'method': 'other'}
    (tmp_path / 'other.json').write_text(json.dumps(manifest))
    shutil.copy(GOLDEN / 'vggish.npz', tmp_path)
    assert run(monkeypatch, tmp_path / 'other.json') == 1
    assert (
        "error: method 'other' is not known; known: ['avsegformer', 'catr', 'tpavi', 'vggish']"
        in capsys.readouterr().err
    )


def test_outputs_that_do_not_decide_are_shown_only(monkeypatch, capsys, tmp_path):
    manifest = json.loads((GOLDEN / 'vggish.json').read_text())
    for entry in manifest['outputs']:
        entry['gate'] = entry['name'] == 'embedding'
    manifest['outputs'][-1].update(l2=1e9)
    (tmp_path / 'vggish.json').write_text(json.dumps(manifest))
    shutil.copy(GOLDEN / 'vggish.npz', tmp_path)
    assert run(monkeypatch, tmp_path / 'vggish.json') == 0
    text = capsys.readouterr().out
    assert 'ok   ' in text
    assert f'info {tmp_path / "vggish.json"} pre_relu (norm): 1.00e+00' in text
