"""Finding the media packages: installed, given, or downloaded without root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGES = ('tuxpaint-stamps-default', 'tuxpaint-data')
INSTALLED = Path('/usr/share/tuxpaint')
ENVIRONMENT = 'MMAVS_STAMPS_DIR'


def locate(folder: Path) -> Path | None:
    """Return the folder below ``folder`` (or it) that holds ``stamps/`` and ``templates/``."""
    for candidate in (folder, folder / 'usr/share/tuxpaint', folder / 'tuxpaint'):
        if (candidate / 'stamps').is_dir() and (candidate / 'templates').is_dir():
            return candidate
    return None


def find_media(source: str | Path | None, cache_dir: Path, *, download: bool = True) -> Path:
    """Return the folder with ``stamps/`` and ``templates/``.

    Looked up in this order: ``source``, the environment variable ``MMAVS_STAMPS_DIR``, the installed packages, the cache, a
    download with ``apt-get download`` (no root) into the cache.

    Args:
        source: Folder given by the user.
        cache_dir: Where downloaded packages are unpacked.
        download: Whether the last resort is allowed.

    Raises:
        FileNotFoundError: Nothing worked; the message says what was tried.
    """
    if source is not None:
        found = locate(Path(source))
        if found is None:
            raise FileNotFoundError(f'{source} holds no stamps/ and templates/ (unpacked {" and ".join(PACKAGES)})')
        return found
    unpacked = cache_dir / 'tuxpaint'
    for folder in (os.environ.get(ENVIRONMENT), INSTALLED, unpacked):
        if folder and (found := locate(Path(folder))) is not None:
            return found
    reason = 'the download was not allowed'
    if download:
        reason = download_packages(unpacked)
        if (found := locate(unpacked)) is not None:
            return found
    raise FileNotFoundError(
        f'the Debian packages {" and ".join(PACKAGES)} are not installed ({INSTALLED}) and could not be downloaded '
        f'({reason}); install or unpack them and pass --source DIR, or pass --procedural'
    )


def download_packages(target: Path) -> str:
    """Download and unpack the packages into ``target``; return why it failed, or an empty string.

    The files are unpacked beside the target and moved at the end, so an interrupted call leaves nothing half done.
    """
    for tool in ('apt-get', 'dpkg-deb'):
        if shutil.which(tool) is None:
            return f'{tool} is not there'
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        for package in PACKAGES:
            print(f'downloading {package}', flush=True)
            done = subprocess.run(['apt-get', 'download', package], cwd=folder, capture_output=True, text=True)
            if done.returncode:
                lines = done.stderr.strip().splitlines()
                return f'apt-get download {package}: {lines[-1] if lines else "failed"}'
        for deb in Path(folder).glob('*.deb'):
            done = subprocess.run(['dpkg-deb', '-x', deb, Path(folder) / 'out'], capture_output=True, text=True)
            if done.returncode:
                return f'dpkg-deb -x {deb.name}: {done.stderr.strip()}'
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(Path(folder) / 'out', target)
    return ''
