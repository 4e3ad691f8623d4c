"""The set-up script with a Python that only writes down what it is asked to install."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAKE_PYTHON = r"""#!/bin/bash
case "$*" in
    --version) echo "Python 3.11.0" ;;
    *"print(sys.prefix)"*) dirname "$(dirname "$0")" ;;
    *"venv --clear"*)
        mkdir -p "${@: -1}/bin"; cp "$0" "${@: -1}/bin/python"
        echo "export PATH='${@: -1}/bin':\$PATH" > "${@: -1}/bin/activate" ;;
    *"pip install"*) echo "${*#*pip install }" >> "$RECORD"; [ -z "${FAIL:-}" ] || { echo "no network"; exit 1; } ;;
    -c*) exit "${TOO_OLD:-0}" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / 'a checkout'
    (folder / 'tools').mkdir(parents=True)
    (tmp_path / 'bin').mkdir()
    shutil.copy(ROOT / 'tools' / 'setup_env.sh', folder / 'tools')
    shutil.copytree(ROOT / 'requirements', folder / 'requirements')
    shutil.copy(ROOT / 'setup.py', folder)
    for name, text in (('python3', FAKE_PYTHON), ('sleep', '#!/bin/bash\n')):
        (tmp_path / 'bin' / name).write_text(text)
        (tmp_path / 'bin' / name).chmod(0o755)
    for name in ('bash', 'cat', 'cksum', 'cp', 'dirname', 'grep', 'mkdir', 'tail'):
        (tmp_path / 'bin' / name).symlink_to(shutil.which(name))
    return folder


def run(checkout, *args, **env):
    env = {'PATH': str(checkout.parent / 'bin'), 'RECORD': str(checkout.parent / 'record'), **env}
    done = subprocess.run(['bash', checkout / 'tools/setup_env.sh', *args], env=env, capture_output=True, text=True)
    record = checkout.parent / 'record'
    lines = record.read_text().splitlines() if record.exists() else []
    record.unlink(missing_ok=True)
    return done.returncode, done.stdout + done.stderr, lines


def test_says_beforehand_that_the_disk_is_too_small(checkout):
    df = checkout.parent / 'bin' / 'df'
    for kilobytes, warns in ((9 * 2**20, True), (11 * 2**20, False)):
        df.write_text(f'#!/bin/bash\necho Filesystem blocks Used Available\necho /dev/x 1 1 {kilobytes} 9% /\n')
        df.chmod(0o755)
        shutil.rmtree(checkout / '.venv', ignore_errors=True)
        code, text, _ = run(checkout)
        assert code == 0, text
        assert ('warning: 9 GB free' in text) is warns


def test_installs_once_and_again_when_the_requirements_change(checkout):
    code, text, installed = run(checkout)
    assert code == 0, text
    assert 'creating .venv with Python 3.11.0' in text
    assert len(installed) == 5
    assert 'setuptools<81' in installed[0]
    assert '--no-build-isolation' in installed[2]
    assert 'mminstall.txt' in installed[2]
    code, text, installed = run(checkout)
    assert (code, installed) == (0, [])
    assert 'up to date' in text
    with open(checkout / 'requirements/runtime.txt', 'a') as file:
        file.write('another\n')
    code, text, installed = run(checkout)
    assert len(installed) == 5
    assert 'creating' not in text


def test_a_failed_step_is_tried_again_then_reported_and_not_taken_for_done(checkout):
    code, text, installed = run(checkout, FAIL='1')
    assert code == 1
    assert len(installed) == 3
    assert 'attempt 3 failed' in text
    assert 'no network' in text
    code, text, installed = run(checkout)
    assert code == 0
    assert len(installed) == 5


def test_a_moved_checkout_gets_a_new_environment(checkout):
    run(checkout)
    moved = checkout.rename(checkout.parent / 'moved')
    code, text, installed = run(moved)
    assert code == 0
    assert 'creating .venv' in text
    assert len(installed) == 5


def test_no_suitable_python_is_said(checkout):
    code, text, installed = run(checkout, TOO_OLD='1')
    assert (code, installed) == (1, [])
    assert 'no Python 3.10-3.13 with the venv module found' in text
    code, text, _ = run(checkout, '--here')
    assert code == 1
    assert '--here needs an active environment' in text


def test_unknown_arguments_are_bad_usage(checkout):
    assert run(checkout, '--hear')[0] == 2


def test_scripts_are_sound_and_executable():
    scripts = [*ROOT.glob('tools/*.sh'), ROOT / '.ci/run']
    for script in scripts:
        assert subprocess.run(['bash', '-n', script]).returncode == 0
    assert os.access(ROOT / '.ci/run', os.X_OK)
