"""Packaging of mmavs: the library, and the configs and tools that ``mim`` looks for in ``mmavs/.mim``."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def read_requirements(name: str) -> list[str]:
    """Read ``requirements/NAME.txt`` without comments and blank lines."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith('#')]


def read_version() -> str:
    """Read ``__version__`` without importing the package (its dependencies may be absent)."""
    scope: dict[str, str] = {}
    exec((ROOT / 'mmavs' / 'version.py').read_text(), scope)
    return scope['__version__']


class BuildWithMim(build_py):
    """Copy configs and tools into the wheel, where ``mim`` and ``mmavs.apis`` find them."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if getattr(self, 'editable_mode', False):
            return  # an editable install reads configs and tools from the checkout
        target = Path(self.build_lib) / 'mmavs' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy2(ROOT / 'model-index.yml', target)
        for folder in ('configs', 'tools'):
            shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns('__pycache__'))


setup(
    name='mmavs',
    version=read_version(),
    description='Modular toolbox and benchmark for audio-visual segmentation',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10,<3.14',
    packages=find_packages(include=('mmavs', 'mmavs.*')),
    package_data={'mmavs': ['py.typed', 'avstamps/*.csv', 'avstamps/*.json', 'report/*.css', 'report/*.js']},
    install_requires=[*read_requirements('torch'), *read_requirements('mminstall'), *read_requirements('runtime')],
    extras_require={'tests': read_requirements('tests')},
    entry_points={'console_scripts': ['mmavs=mmavs.cli:main']},
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
