"""The model zoo as data: the index of models, results read from logs, and the page made of both."""

from .index import ModelEntry, ModelIndex, Run, read_model_index
from .page import render_page
from .results import refresh_metafiles

__all__ = ['ModelEntry', 'ModelIndex', 'Run', 'read_model_index', 'refresh_metafiles', 'render_page']
