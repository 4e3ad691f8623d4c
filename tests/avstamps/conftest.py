from pathlib import Path

import pytest

from mmavs.avstamps.packages import find_media
from mmavs.avstamps.sources import ProceduralSource, StampsSource


@pytest.fixture(scope='session')
def procedural():
    return ProceduralSource()


@pytest.fixture(scope='session')
def stamps():
    """The real media where they are installed or named by MMAVS_STAMPS_DIR; nothing is downloaded for a test."""
    try:
        root = find_media(None, Path('nowhere'), download=False)
    except FileNotFoundError:
        pytest.skip('tuxpaint-stamps-default and tuxpaint-data are not installed (or set MMAVS_STAMPS_DIR)')
    return StampsSource(root)
