"""mmavs: a modular toolbox for audio-visual segmentation."""

from importlib import metadata

from packaging.specifiers import SpecifierSet

from .version import __version__

REQUIRED = {'mmengine': '>=0.10.7,<0.11', 'mmsegmentation': '>=1.2.2,<1.3'}
MMCV_RANGE = '>=2.1,<2.2'


def _check_dependencies() -> None:
    """Refuse versions known not to work, by name and remedy."""
    found: dict[str, str | None] = {}
    for name in (*REQUIRED, 'mmcv', 'mmcv-lite'):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    mmcv = 'mmcv' if found['mmcv'] else 'mmcv-lite'
    for name, wanted in {**REQUIRED, mmcv: MMCV_RANGE}.items():
        if found[name] is None or found[name] not in SpecifierSet(wanted):
            raise ImportError(
                f'mmavs needs {name}{wanted}, found {found[name] or "none"}; '
                f'run: pip install --no-build-isolation "{name}{wanted}"'
            )


_check_dependencies()

from . import compat  # noqa: E402  (the versions must be checked first)

compat.apply()

__all__ = ['__version__']
