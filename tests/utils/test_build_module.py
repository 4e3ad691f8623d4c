import pytest
from mmengine.registry import Registry
from torch import nn

from mmavs.utils import build_module

PARTS = Registry('part')
PARTS.register_module(name='Linear', module=nn.Linear)


def test_a_config_is_built_with_defaults_it_can_override():
    assert build_module(dict(type='Linear', in_features=3), PARTS, in_features=9, out_features=4).weight.shape == (4, 3)


def test_a_module_passes_through():
    module = nn.Identity()
    assert build_module(module, PARTS, unused=1) is module


@pytest.mark.parametrize(
    ('value', 'message'), [(dict(in_features=3), 'needs the key "type"'), (None, '"part" is required')]
)
def test_anything_else_is_a_type_error(value, message):
    with pytest.raises(TypeError, match=message):
        build_module(value, PARTS)
