"""mmavs: a modular toolbox for audio-visual segmentation."""

from importlib import metadata

from packaging.specifiers import SpecifierSet

from .version import __version__

REQUIRED = {'torch': '>=2.4', 'mmengine': '>=0.10.7,<0.11', 'mmsegmentation': '>=1.2.2,<1.3'}
MMCV_RANGE = '>=2.1,<2.2'


def check_dependencies() -> None:
    """Refuse versions known not to work, by name and remedy.

    Raises:
        ImportError: A package is missing, or its version is outside the range; or mmcv and mmcv-lite, which share one folder,
            are both installed.
    """
    found: dict[str, str | None] = {}
    for name in (*REQUIRED, 'mmcv', 'mmcv-lite'):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    if found['mmcv'] and found['mmcv-lite']:
        raise ImportError(
            'mmcv and mmcv-lite are both installed and overwrite each other; run: pip uninstall -y mmcv mmcv-lite, then '
            f'pip install --no-build-isolation "mmcv-lite{MMCV_RANGE}"'
        )
    mmcv = 'mmcv' if found['mmcv'] else 'mmcv-lite'
    for name, wanted in {**REQUIRED, mmcv: MMCV_RANGE}.items():
        version = found[name]
        if version is None or not SpecifierSet(wanted).contains(version, prereleases=True):
            raise ImportError(
                f'mmavs needs {name}{wanted}, found {version or "none"}; '
                f'run: pip install --no-build-isolation "{name}{wanted}"'
            )


check_dependencies()

from . import compat  # noqa: E402  (the versions must be checked first)

compat.apply()

__all__ = ['__version__']
