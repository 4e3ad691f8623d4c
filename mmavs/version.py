"""Version of mmavs."""

__version__ = '0.1.0'
