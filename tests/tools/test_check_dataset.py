import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tests' / 'datasets'))

from layouts import make_avss, make_ms3  # noqa: E402
from PIL import Image  # noqa: E402

from mmavs.datasets import voc_palette  # noqa: E402

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


AVSS_CONFIG = """
pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', max_unmatched=1.0),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel'),
    dict(type='PackAVSInputs'),
]
data = dict(type='AVSSDataset', data_root={root!r}, pipeline=pipeline)
train_dataloader = dict(dataset=dict(**data, split='train'))
test_dataloader = dict(dataset=dict(**data, split='test'))
"""


def test_known_defects_are_listed_apart_and_leaks_count_on_request(tool, tmp_path, capsys):
    root = make_avss(tmp_path, voc_palette(71), a_obj=('h orse',), splits=('train', 'test'))
    (root / 'v2/v2test0_0_10000').rename(root / 'v2/v2train0_9_10009')
    table = root / 'metadata.csv'
    table.write_text(table.read_text().replace('v2test0_0_10000', 'v2train0_9_10009'))
    mask = root / 'v1m/v1mtest0_0_5000/labels_rgb/2.png'
    Image.new('RGB', Image.open(mask).size, (9, 9, 9)).save(mask)
    config = tmp_path / 'config.py'
    config.write_text(AVSS_CONFIG.format(root=str(root)))
    assert tool.main([str(config)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split(')')[0] for line in lines] == [
        'known (one source video in several splits',
        'known (one source video in train and test',
        'known (irregular a_obj tokens',
        'known (unmatched colours in palette masks',
    ]
    assert str(mask) in lines[-1]
    assert last == 'OK: 0 problems in 6 clips of train, test, 4 known defects'
    assert tool.main([str(config), '--strict-split']) == 1
    out = capsys.readouterr().out
    assert "[train] v2train0_0_10000: its source video 'v2train0' is in val or test too; set strict_split=True" in out
    strict = ['--cfg-options', '+train_dataloader.dataset.strict_split=True']
    assert tool.main([str(config), '--strict-split', *strict]) == 0
    assert 'OK: 0 problems in 5 clips' in capsys.readouterr().out
