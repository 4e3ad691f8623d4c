import importlib.util
import sys
from pathlib import Path

import pytest

from mmavs.avstamps import packages
from mmavs.utils.cli import run_tool

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/build_avstamps.py'


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the tool on a machine without the media packages."""
    monkeypatch.delenv(packages.ENVIRONMENT, raising=False)
    monkeypatch.setattr(packages, 'INSTALLED', tmp_path / 'not-installed')
    monkeypatch.setenv('PATH', '')
    spec = importlib.util.spec_from_file_location('build_avstamps', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        common = [
            '--out',
            str(tmp_path / 'out'),
            '--size',
            'tiny',
            '--canvas',
            '32',
            '--cache-dir',
            str(tmp_path / 'cache'),
        ]
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *common, *arguments])
        with pytest.raises(SystemExit) as exit_info:
            run_tool(module.main)
        return exit_info.value.code

    return call


def test_procedural_build_ends_with_a_summary(run, capsys, tmp_path):
    assert run('--procedural', '--sets', 'crowd-1', 'easy') == 0
    out = capsys.readouterr().out
    assert 'crowd-1' in out
    assert f'16 clips in 2 sets under {tmp_path / "out"}' in out.replace('\n', ' ')
    assert (tmp_path / 'out/DATACARD.md').exists()


def test_without_media_it_fails_in_one_line_that_says_why(run, capsys, tmp_path):
    assert run('--sets', 'crowd-1') == 1
    error = capsys.readouterr().err.strip().splitlines()[0]
    assert error.startswith('error: the Debian packages tuxpaint-stamps-default and tuxpaint-data are not installed')
    assert 'apt-get is not there' in error
    assert '--procedural' in error
    assert not (tmp_path / 'out').exists()


def test_the_fallback_is_asked_for_and_says_so(run, capsys, tmp_path):
    assert run('--fallback-procedural', '--sets', 'crowd-1') == 0
    assert 'building the procedural set instead' in capsys.readouterr().out
    assert "'kind': 'procedural'" in (tmp_path / 'out/DATACARD.md').read_text()


def test_a_given_folder_without_media_is_an_error(run, capsys, tmp_path):
    assert run('--source', str(tmp_path)) == 1
    assert 'holds no stamps/ and templates/' in capsys.readouterr().err
