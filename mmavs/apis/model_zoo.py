"""Finding configs by name, in a checkout and in an installed package."""

import difflib
from pathlib import Path

from mmengine import Config

import mmavs


def config_root() -> Path:
    """Return the folder of the configs: ``mmavs/.mim/configs`` of a wheel, else ``configs`` of the checkout.

    Raises:
        FileNotFoundError: Neither exists.
    """
    package = Path(mmavs.__file__).resolve().parent
    for root in (package / '.mim' / 'configs', package.parent / 'configs'):
        if (root / '_base_').is_dir():
            return root
    raise FileNotFoundError(f'no configs beside {package}; install mmavs from a wheel or run from a checkout')


def list_configs(pattern: str = '*') -> list[str]:
    """Return the names (``tpavi/tpavi_r50_ms3.py``) of all leaf configs whose name matches a glob pattern."""
    root = config_root()
    names = (str(path.relative_to(root)) for path in root.rglob('*.py'))
    return sorted(name for name in names if not name.startswith('_base_') and Path(name).match(pattern))


def resolve_config(name: str | Path) -> Path:
    """Return the file of a config given by path or by name.

    Raises:
        FileNotFoundError: There is neither such a file nor such a name; the nearest names are given.
    """
    for path in (Path(name), config_root() / name):
        if path.is_file():
            return path
    names = list_configs()
    near = difflib.get_close_matches(str(name).removesuffix('.py') + '.py', names, n=4, cutoff=0.4)
    same = [known for known in names if Path(known).stem == Path(name).stem]
    raise FileNotFoundError(
        f'config {name} is neither a file nor one of the {len(names)} in {config_root()}; near: {same or near}. '
        '"mmavs list" shows all'
    )


def get_config(name: str | Path) -> Config:
    """Load a config by path or by name (``tpavi/tpavi_r50_ms3.py``)."""
    return Config.fromfile(resolve_config(name))
