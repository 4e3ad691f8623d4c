"""Models by name from a normal install: the command mmavs, and OpenMMLab's mim where it is installed."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from mmengine import Config

from mmavs import cli

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'datasets'))

from layouts import make_ms3  # noqa: E402

PARTS = ('mmavs', 'configs', 'tools', 'requirements', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'LICENSE')
FILES = ('README.md', 'model-index.yml')
TINY = [
    'model.backbone.depth=18',
    'model.backbone.pretrained=None',
    'model.audio_backbone.type=AudioCNN',
    'model.audio_backbone.pretrained=None',
    'model.neck.in_channels=(64,128,256,512)',
    'model.neck.channels=8',
    'model.decode_head.channels=8',
    'train_cfg.max_epochs=1',
    'train_dataloader.batch_size=1',
    *(f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')),
]


def succeed(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """A folder with a normal install of the source archive, as a package index would give it."""
    source, target = tmp_path_factory.mktemp('source'), tmp_path_factory.mktemp('site')
    ignore = shutil.ignore_patterns('__pycache__', '*.egg-info', '.mim', 'build')
    for part in PARTS + FILES:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=ignore)
        else:
            shutil.copy(ROOT / part, source / part)
    code = 'from setuptools import build_meta; build_meta.build_sdist("archive")'
    succeed(sys.executable, '-W', 'ignore', '-c', code, cwd=source)
    options = ('--no-deps', '--no-index', '--no-build-isolation', '--disable-pip-version-check', '--quiet')
    (archive,) = (source / 'archive').glob('*.tar.gz')
    succeed(sys.executable, '-m', 'pip', 'install', *options, '--target', target, archive)
    shutil.copy(archive, target / 'archive.tar.gz')
    shutil.rmtree(source)
    return target


@pytest.fixture
def away(site, tmp_path):
    """An empty folder, and options that run a program there with the installed package."""
    folder = tmp_path / 'empty'
    folder.mkdir()
    env = {**os.environ, 'PYTHONPATH': str(site), 'OMP_NUM_THREADS': '1', 'HOME': str(tmp_path)}
    return folder, dict(cwd=folder, env=env)


@pytest.fixture
def tiny(tmp_path):
    """Options of a training that takes seconds: two clips, ResNet-18 and eight channels from random values."""
    data = make_ms3(tmp_path / 'data', clips=2)
    return ['--cfg-options', f'data_root={data}', *TINY]


def trained_steps(folder):
    state = torch.load(folder / 'epoch_1.pth', weights_only=True)
    assert 'neck.blocks.0.theta.weight' in state['state_dict']
    return state['meta']['iter']


def test_source_archive_and_package_bring_every_config_tool_and_metafile(site):
    with tarfile.open(site / 'archive.tar.gz') as archive:
        packed = {name.partition('/')[2] for name in archive.getnames()}
    for folder, pattern in (('configs', '*.py'), ('configs', '*.yml'), ('configs', '*.md'), ('tools', '*.*')):
        wanted = {
            p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob(pattern) if '__pycache__' not in p.parts
        }
        assert wanted
        assert wanted <= packed
        assert all((site / 'mmavs/.mim' / name).is_file() for name in wanted)
    assert (site / 'mmavs/.mim/model-index.yml').is_file()
    assert (site / 'bin/mmavs').is_file()


def test_models_are_listed_downloaded_and_trained_by_name(site, away, tiny):
    folder, options = away
    command = (sys.executable, site / 'bin/mmavs')
    listed = succeed(*command, 'list', 'tpavi_r50_ms?', **options).split()
    assert listed == ['tpavi_r50_ms3', 'AVSBench-MS3', 'no', 'weights']
    text = succeed(*command, 'download', 'tpavi_r50_ms3', '--dest', 'mine', **options)
    assert 'tpavi_r50_ms3: no weights are published' in text
    assert [path.name for path in (folder / 'mine').iterdir()] == ['tpavi_r50_ms3.py']
    resolved = Config.fromfile(site / 'mmavs/.mim/configs/tpavi/tpavi_r50_ms3.py')
    assert Config.fromfile(folder / 'mine/tpavi_r50_ms3.py').to_dict() == resolved.to_dict()
    assert '_base_' not in (folder / 'mine/tpavi_r50_ms3.py').read_text()
    succeed(*command, 'train', 'tpavi_r50_ms3', '--seed', '1', *tiny, **options)
    assert trained_steps(folder / 'work_dirs/tpavi_r50_ms3') == 2


def test_other_tools_get_their_arguments_and_give_their_exit_code(capfd):
    assert cli.run_command(['run']) == 0
    assert 'tools/misc/print_config.py' in capfd.readouterr().out
    arguments = ['run', 'print_config', 'tpavi/tpavi_r50_s4.py', '--cfg-options']
    assert cli.run_command([*arguments, 'train_cfg.max_epochs=3']) == 0
    assert 'max_epochs=3' in capfd.readouterr().out
    assert cli.run_command([*arguments, 'mdoel=1']) == 1
    assert "'mdoel' is not in the config" in capfd.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['train', 'tpavi_r51_s4'], "no model is called 'tpavi_r51_s4'; near: ['tpavi_r50_s4'"),
        (['download', 'nothing'], "no model is called 'nothing'"),
        (['list', 'x*'], "models matches 'x*'"),
        (['run', 'trian'], "no tool is called 'trian'"),
        (['trian'], "'trian' is no command of mmavs"),
    ],
)
def test_wrong_names_are_one_readable_error(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['mmavs', *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    text = capsys.readouterr().err
    assert stop.value.code == 1
    assert message in text
    assert 'Traceback' not in text


@pytest.mark.skipif(importlib.util.find_spec('mim') is None, reason='openmim is not installed')
def test_mim_lists_searches_runs_and_trains(away, tiny):
    folder, options = away
    command = (sys.executable, '-m', 'mim')
    assert 'mmavs' in succeed(*command, 'list', **options)
    found = succeed(*command, 'search', 'mmavs', '--model', 'tpavi', '--valid-config', **options)
    assert "'tpavi_r50_ms3'" in found
    found = succeed(*command, 'search', 'mmavs', '--config', 'tpavi_lite0_avstamps-s4', **options)
    assert '0.759931' in found  # measured
    assert '72.79' not in succeed(*command, 'search', 'mmavs', '--config', 'tpavi_r50_s4', **options)  # published
    assert 'AVSBenchS4Dataset' in succeed(*command, 'run', 'mmavs', 'print_config', 'tpavi/tpavi_r50_s4.py', **options)
    succeed(*command, 'train', 'mmavs', 'tpavi_r50_ms3.py', '--gpus', '0', *tiny, **options)
    assert trained_steps(folder / 'work_dirs/tpavi_r50_ms3') == 2
