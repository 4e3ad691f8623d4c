import importlib

import pytest
from mmengine import registry as root

from mmavs import registry

# kinds that mmavs adds nothing to, so far: look-ups pass on to mmengine
PASSED_ON = {
    'LOOPS',
    'DATA_SAMPLERS',
    'OPTIMIZERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'PARAM_SCHEDULERS',
    'VISBACKENDS',
    'LOG_PROCESSORS',
    'EVALUATOR',
}

REGISTRIES = {name: value for name, value in vars(registry).items() if isinstance(value, registry.Registry)}


@pytest.mark.parametrize('name', REGISTRIES)
def test_every_location_imports_and_the_parent_is_mmengine_s(name):
    item = REGISTRIES[name]
    assert item.parent is getattr(root, name)
    assert item.scope == 'mmavs'
    for location in item._locations:
        importlib.import_module(location)
    item.import_from_location()
    assert item.module_dict or name in PASSED_ON


def test_no_name_hides_one_of_mmengine_or_mmseg():
    import mmseg.models  # noqa: F401
    from mmseg.registry import MODELS as MMSEG_MODELS

    for name, item in REGISTRIES.items():
        item.import_from_location()
        taken = set(getattr(root, name).module_dict)
        if name == 'MODELS':
            taken |= set(MMSEG_MODELS.module_dict)
        assert not taken & set(item.module_dict), name


def test_mmseg_components_resolve_by_scope():
    assert registry.MODELS.get('mmseg.ResNet').__name__ == 'ResNet'
