"""The three preparation tools as programs: arguments, exit codes, last line."""

import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / 'tests' / 'datasets'), str(ROOT / 'tests' / 'preparation')]

from downloads import make_vpo, make_zip  # noqa: E402
from layouts import make_avss, make_ms3  # noqa: E402

from mmavs.datasets import AVSS_CLASSES, voc_palette  # noqa: E402


def tool(name):
    path = ROOT / 'tools' / 'dataset_converters' / f'prepare_{name}.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_object(tmp_path, capsys):
    archive = make_zip(tmp_path / 'ms3.zip', make_ms3(tmp_path / 'a', clips=1))
    common = [str(archive), '--out', str(tmp_path / 'out'), '--workers', '1']
    main = tool('avsbench_object').main
    assert main([*common, '--expect', 'found']) == 1  # S4 is not there
    assert last_line(capsys).startswith('NOT complete: s4 in ')
    assert main([*common, '--expect', 'found', '--sets', 'ms3', '--cache', 'log_mel']) == 0
    assert last_line(capsys).startswith('complete: ms3 3 clips in ')
    assert main([*common, '--sets', 'ms3']) == 1  # three clips are not what was published
    assert 'published are 296' in capsys.readouterr().out
    assert main([*common, '--sets', 'ms3', '--subset-ok']) == 0
    assert last_line(capsys).startswith('subset: ms3 3 of 3 clips')


def test_from_raw_computes_the_log_mels_too():
    parse = tool('avsbench_object').parse_args
    assert parse(['a.zip']).cache == []
    args = parse(['a.zip', '--from-raw', 'videos', '--audio-rule', 'low_pass'])
    assert args.cache == ['log_mel']
    assert args.from_raw == Path('videos')


def test_semantic(tmp_path, capsys):
    source = make_avss(tmp_path, voc_palette(71), a_obj=('dog',), classes=AVSS_CLASSES)
    args = [str(source), '--out', str(tmp_path / 'out'), '--expect', 'found', '--workers', '1', '--cache', 'frames224']
    assert tool('avsbench_semantic').main(args) == 0
    assert last_line(capsys).startswith('complete: avss 9 clips in ')
    assert (tmp_path / 'out' / 'AVSBench-semantic-224' / 'metadata.csv').is_file()


def test_vpo(tmp_path, capsys):
    args = [str(make_vpo(tmp_path)), '--out', str(tmp_path / 'out'), '--sets', 'ms', 'msmi', '--mode', 'copy']
    assert tool('vpo').main(args) == 0
    assert last_line(capsys).startswith('complete: ms 2 clips, msmi 2 clips in ')


@pytest.mark.parametrize('name', ['avsbench_object', 'avsbench_semantic', 'vpo'])
def test_as_a_program_errors_are_one_message_and_code_1(name, tmp_path):
    with tarfile.open(tmp_path / 'bad.tar', 'w') as archive:
        info = tarfile.TarInfo('../../escape')
        archive.addfile(info)
    script = ROOT / 'tools' / 'dataset_converters' / f'prepare_{name}.py'
    run = subprocess.run(
        [sys.executable, str(script), str(tmp_path / 'bad.tar'), '--out', str(tmp_path / 'out')],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    assert run.returncode == 1
    assert "bad.tar' is refused, nothing was unpacked: member '../../escape'" in run.stderr
    assert 'Traceback' not in run.stderr
