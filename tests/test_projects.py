"""mmavs and the example plugin, installed as any third-party package and used from another folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'datasets'))

from layouts import make_ms3  # noqa: E402

PARTS = ('mmavs', 'configs', 'tools', 'requirements', 'setup.py', 'pyproject.toml', 'README.md', 'model-index.yml')


def run(*command, **options):
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """A folder with normal (not editable) installs of both, from copies of their sources."""
    source, target = tmp_path_factory.mktemp('source'), tmp_path_factory.mktemp('site')
    ignore = shutil.ignore_patterns('__pycache__', '*.egg-info', '.mim', 'build')
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / 'mmavs' / part, ignore=ignore)
        else:
            shutil.copy(ROOT / part, source / 'mmavs' / part)
    shutil.copytree(ROOT / 'projects' / 'example_plugin', source / 'plugin', ignore=ignore)
    for name in ('mmavs', 'plugin'):
        options = ('--no-deps', '--no-index', '--no-build-isolation', '--disable-pip-version-check', '--quiet')
        run('-m', 'pip', 'install', *options, '--target', target, source / name)
    return target


@pytest.fixture
def elsewhere(site, tmp_path):
    """Options that run a program in another folder with the installed packages."""
    return dict(cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(site), 'OMP_NUM_THREADS': '1'})


def test_the_installed_package_brings_its_configs_and_tools(site, elsewhere):
    code = 'import mmavs; from mmavs.apis import get_config, list_configs; print(mmavs.__file__); '
    code += 'print(get_config("tpavi/tpavi_r50_ms3.py").filename); print(len(list_configs("*r50*")))'
    package, config, count = run('-c', code, **elsewhere).split()
    assert Path(package).parent == site / 'mmavs'
    assert Path(config) == site / 'mmavs/.mim/configs/tpavi/tpavi_r50_ms3.py'
    assert int(count) >= 3
    assert 'AVSBenchMS3Dataset' in run(
        site / 'mmavs/.mim/tools/misc/print_config.py', 'tpavi/tpavi_r50_ms3.py', **elsewhere
    )


def test_the_plugin_trains_and_tests_by_its_config(site, elsewhere, tmp_path):
    data = make_ms3(tmp_path / 'data', clips=2)  # two per split
    config = run('-m', 'mmavs_swell', **elsewhere).strip()
    assert Path(config).is_relative_to(site)
    options = [f'data_root={data}', 'train_cfg.max_epochs=1', 'train_dataloader.batch_size=1']
    options += [f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')]
    tools = site / 'mmavs/.mim/tools'
    run(tools / 'train.py', config, '--work-dir', tmp_path / 'run', '--cfg-options', *options, **elsewhere)
    state = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)
    assert state['meta']['iter'] == 2
    assert 'neck.gate.0.weight' in state['state_dict']
    arguments = ['--out', tmp_path / 'metrics.json', '--show-dir', tmp_path / 'pictures', '--cfg-options', *options]
    run(
        tools / 'test.py',
        config,
        tmp_path / 'run/epoch_1.pth',
        '--work-dir',
        tmp_path / 'test',
        *arguments,
        **elsewhere,
    )
    assert 'avs/J_frame' in (tmp_path / 'metrics.json').read_text()
    assert len(list((tmp_path / 'pictures').glob('*.png'))) == 2


def test_the_plugin_passes_its_own_tests_against_the_installed_packages(elsewhere):
    out = run(
        '-m',
        'pytest',
        '-q',
        '-p',
        'no:cacheprovider',
        ROOT / 'projects/example_plugin/tests',
        '-c',
        os.devnull,
        **elsewhere,
    )
    assert ' passed' in out
