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

# Kinds to which mmavs adds few or no classes: they exist so that look-ups in this scope pass on to mmengine without a warning.
LOOPS = Registry('loop', parent=root.LOOPS, scope='mmavs', locations=['mmavs.engine'])
DATA_SAMPLERS = Registry('data sampler', parent=root.DATA_SAMPLERS, scope='mmavs', locations=['mmavs.engine'])
OPTIMIZERS = Registry('optimizer', parent=root.OPTIMIZERS, scope='mmavs', locations=['mmavs.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optim wrapper constructor', parent=root.OPTIM_WRAPPER_CONSTRUCTORS, scope='mmavs', locations=['mmavs.engine']
)
PARAM_SCHEDULERS = Registry(
    'parameter scheduler', parent=root.PARAM_SCHEDULERS, scope='mmavs', locations=['mmavs.engine']
)
VISBACKENDS = Registry('vis_backend', parent=root.VISBACKENDS, scope='mmavs', locations=['mmavs.visualization'])
LOG_PROCESSORS = Registry('log processor', parent=root.LOG_PROCESSORS, scope='mmavs', locations=['mmavs.engine'])
EVALUATOR = Registry('evaluator', parent=root.EVALUATOR, scope='mmavs', locations=['mmavs.evaluation'])
