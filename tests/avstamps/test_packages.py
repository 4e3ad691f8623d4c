import os
from pathlib import Path

import pytest

from mmavs.avstamps import packages

DPKG = """#!/bin/sh
mkdir -p "$3/usr/share/tuxpaint/stamps" "$3/usr/share/tuxpaint/templates"
"""


def unpack(folder):
    for name in ('stamps', 'templates'):
        (folder / name).mkdir(parents=True)
    return folder


def put_tool(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    monkeypatch.delenv(packages.ENVIRONMENT, raising=False)
    monkeypatch.setattr(packages, 'INSTALLED', tmp_path / 'not-installed')


@pytest.mark.parametrize('below', ['.', 'usr/share/tuxpaint', 'tuxpaint'])
def test_source_may_be_the_package_root_or_its_data_folder(tmp_path, below):
    data = unpack(tmp_path / 'given' / below)
    assert packages.find_media(tmp_path / 'given', tmp_path / 'cache').resolve() == data.resolve()


def test_a_source_without_media_is_an_error_even_if_they_are_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, 'INSTALLED', unpack(tmp_path / 'installed'))
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match=r'empty holds no stamps/ and templates/'):
        packages.find_media(tmp_path / 'empty', tmp_path / 'cache')


def test_environment_comes_before_installed_before_cache(tmp_path, monkeypatch):
    cached = unpack(tmp_path / 'cache/tuxpaint')
    assert packages.find_media(None, tmp_path / 'cache') == cached
    installed = unpack(tmp_path / 'installed')
    monkeypatch.setattr(packages, 'INSTALLED', installed)
    assert packages.find_media(None, tmp_path / 'cache') == installed
    named = unpack(tmp_path / 'named')
    monkeypatch.setenv(packages.ENVIRONMENT, str(named))
    assert packages.find_media(None, tmp_path / 'cache') == named


def test_packages_are_downloaded_and_unpacked_without_root(tmp_path, monkeypatch, capsys):
    tools = tmp_path / 'bin'
    tools.mkdir()
    put_tool(tools, 'apt-get', '#!/bin/sh\n[ "$1" = download ] && : > "$2.deb"\n')
    put_tool(tools, 'dpkg-deb', DPKG)
    monkeypatch.setenv('PATH', f'{tools}{os.pathsep}{os.environ["PATH"]}')
    found = packages.find_media(None, tmp_path / 'cache')
    assert (found / 'stamps').is_dir()
    assert tmp_path / 'cache' in found.parents
    assert capsys.readouterr().out.count('downloading') == 2
    put_tool(tools, 'apt-get', '#!/bin/sh\nexit 1\n')
    assert packages.find_media(None, tmp_path / 'cache') == found  # the cache serves the next time


def test_a_failed_download_says_what_failed_and_leaves_nothing(tmp_path, monkeypatch):
    tools = tmp_path / 'bin'
    tools.mkdir()
    put_tool(tools, 'apt-get', '#!/bin/sh\necho "E: no such package" >&2\nexit 100\n')
    put_tool(tools, 'dpkg-deb', DPKG)
    monkeypatch.setenv('PATH', f'{tools}{os.pathsep}{os.environ["PATH"]}')
    with pytest.raises(
        FileNotFoundError, match=r'apt-get download tuxpaint-stamps-default: E: no such package.*--procedural'
    ):
        packages.find_media(None, tmp_path / 'cache')
    assert list((tmp_path / 'cache').iterdir()) == []


def test_a_machine_without_apt_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='apt-get is not there'):
        packages.find_media(None, Path(tmp_path / 'cache'))
