"""One way to accept a sub-component: a config or a built object."""

from typing import Any

from mmengine.registry import Registry


def build_module(cfg_or_module: Any, registry: Registry, **defaults: Any) -> Any:
    """Build ``cfg_or_module`` with ``registry`` if it is a config, return it unchanged if it is built already.

    Args:
        cfg_or_module: ``dict(type=...)`` or an object.
        registry: Where the type is looked up.
        **defaults: Arguments used where the config is silent.

    Raises:
        TypeError: A dict without ``type``, or ``None``.
    """
    if isinstance(cfg_or_module, dict):
        if 'type' not in cfg_or_module:
            raise TypeError(f'a component config needs the key "type", got the keys {sorted(cfg_or_module)}')
        return registry.build({**defaults, **cfg_or_module})
    if cfg_or_module is None:
        raise TypeError(f'a component of the registry "{registry.name}" is required here, got None')
    return cfg_or_module
