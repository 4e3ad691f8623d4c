"""From what the sites hand out to the folders that the data set classes read."""

from .layouts import AVSS, MS3, S4, ClipFiles, DataFile, Layout
from .prepare import Options, prepare
from .published import PUBLISHED, Count
from .vpo_layout import VPO_MS, VPO_MSMI, VPO_SS

__all__ = [
    'AVSS',
    'MS3',
    'PUBLISHED',
    'S4',
    'VPO_MS',
    'VPO_MSMI',
    'VPO_SS',
    'ClipFiles',
    'Count',
    'DataFile',
    'Layout',
    'Options',
    'prepare',
]
