"""Registries of mmavs.

Each is a child of the mmengine registry of the same name, in the scope ``mmavs``: a bare type is searched here first and then
in mmengine; parts of other packages are reached by prefix (``mmseg.ResNet``). Modules register themselves when one of the
``locations`` is imported, which happens at the first look-up.
"""

from mmengine import registry as root
from mmengine.registry import Registry

DATASETS = Registry('dataset', parent=root.DATASETS, scope='mmavs', locations=['mmavs.datasets'])
TRANSFORMS = Registry('transform', parent=root.TRANSFORMS, scope='mmavs', locations=['mmavs.datasets.transforms'])
MODELS = Registry('model', parent=root.MODELS, scope='mmavs', locations=['mmavs.models'])
METRICS = Registry('metric', parent=root.METRICS, scope='mmavs', locations=['mmavs.evaluation'])
HOOKS = Registry('hook', parent=root.HOOKS, scope='mmavs', locations=['mmavs.engine'])
OPTIM_WRAPPERS = Registry('optim_wrapper', parent=root.OPTIM_WRAPPERS, scope='mmavs', locations=['mmavs.engine'])
VISUALIZERS = Registry('visualizer', parent=root.VISUALIZERS, scope='mmavs', locations=['mmavs.visualization'])
