"""One HTML page that compares trained models (``tools/compare.py``)."""

from .compare import CompareOptions, compare_runs
from .runs import TrainedRun, open_runs

__all__ = ['CompareOptions', 'TrainedRun', 'compare_runs', 'open_runs']
