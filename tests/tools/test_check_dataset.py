import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tests' / 'datasets'))

from layouts import make_ms3  # noqa: E402

CONFIG = """
pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', mode='index'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel'),
    dict(type='PackAVSInputs'),
]
train_dataloader = dict(dataset=dict(type='AVSBenchMS3Dataset', data_root={root!r}, split='train', pipeline=pipeline))
val_dataloader = dict(dataset=dict(type='AVSBenchMS3Dataset', data_root={root!r}, split='val', pipeline=pipeline))
"""


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path):
    root = make_ms3(tmp_path, splits=('train', 'val'), clips=2)
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=str(root)))
    return root, str(config)


@pytest.fixture(scope='module')
def tool():
    return load(ROOT / 'tools' / 'dataset_converters' / 'check_dataset.py')


def test_a_clean_set_ends_with_ok(tool, data, capsys):
    assert tool.main([data[1]]) == 0
    assert capsys.readouterr().out == 'OK: 0 problems in 4 clips of train, val\n'


def test_every_damaged_file_is_printed_by_name(tool, data, capsys):
    root, config = data
    frame = root / 'ms3_data/visual_frames/train-clip1/train-clip1.mp4_2.png'
    wav = root / 'ms3_data/audio_wav/val/val-clip0.wav'
    frame.unlink()
    wav.write_bytes(b'')
    assert tool.main([config]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('[train] train-clip1: ')
    assert str(frame) in lines[0]
    assert lines[1].startswith('[val] val-clip0: ')
    assert str(wav) in lines[1]
    assert lines[2] == 'FAILED: 2 problems in 4 clips of train, val'
    assert tool.main([config, '--split', 'val', '--files-only']) == 1
    assert 'FAILED: 1 problems in 2 clips of val' in capsys.readouterr().out


def test_a_missing_set_says_where_data_comes_from(tool, data, capsys):
    options = [f'{split}_dataloader.dataset.data_root=/nonexistent' for split in ('train', 'val')]
    assert tool.main([data[1], '--cfg-options', *options]) == 1
    out = capsys.readouterr().out
    assert out.count('AVSBench project page') == 2
    assert 'build_avstamps.py' in out
    assert tool.main([data[1], '--split', 'test']) == 1
    assert 'the config has no test_dataloader' in capsys.readouterr().out


def test_as_a_program_the_exit_code_says_it_too(data):
    root, config = data
    (root / 'ms3_data/audio_wav/val/val-clip0.wav').unlink()
    run = subprocess.run(
        [sys.executable, str(ROOT / 'tools/dataset_converters/check_dataset.py'), config, '--split', 'val'],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    assert run.returncode == 1
    assert 'val-clip0.wav' in run.stdout
    assert '2/2' in run.stderr


def test_browsing_writes_a_sheet_per_clip(data, tmp_path, capsys):
    pytest.importorskip('matplotlib', reason='matplotlib draws the sheets')
    browse = load(ROOT / 'tools' / 'misc' / 'browse_dataset.py')
    assert browse.main([data[1], '--out-dir', str(tmp_path / 'sheets'), '--split', 'val']) == 0
    assert [p.name for p in sorted((tmp_path / 'sheets').iterdir())] == ['val_00000.png', 'val_00001.png']
