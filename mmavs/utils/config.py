"""Loading configs and overriding their keys, strictly."""

import difflib
from pathlib import Path
from typing import Any

from mmengine import Config, ConfigDict

from mmavs.apis.model_zoo import get_config

DATA_ROOT = 'data_root'
NEW_KEY = '+'


def load_config(name: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Load a config by path or name and override keys.

    Args:
        name: File, or name in the zoo (``tpavi/tpavi_r50_ms3.py``).
        options: ``{'a.b.0.c': value}``. A key must exist; one that starts with ``+`` is added on purpose. ``data_root`` moves
            every path of the config that lies under the old root.

    Raises:
        KeyError: A key that the config does not have; the nearest one is named.
    """
    cfg = get_config(name)
    for key, value in (options or {}).items():
        added = key.startswith(NEW_KEY)
        key = key.removeprefix(NEW_KEY)
        if not added:
            check_key(cfg, key)
        if key == DATA_ROOT and DATA_ROOT in cfg:
            cfg = Config(_move_paths(cfg.to_dict(), str(cfg[DATA_ROOT]), str(value)), filename=cfg.filename)
        else:
            cfg.merge_from_dict({key: value})
    return cfg


def check_key(cfg: Config, dotted: str) -> None:
    """Check that a dotted key exists.

    Raises:
        KeyError: It does not; the message names the nearest key at that place.
    """
    node: Any = cfg._cfg_dict
    walked: list[str] = []
    for part in dotted.split('.'):
        if isinstance(node, list | tuple):
            keys = [str(i) for i in range(len(node))]
        else:
            keys = [str(key) for key in node] if isinstance(node, dict) else []
        if part not in keys:
            place = '.'.join(walked) or 'the config'
            near = difflib.get_close_matches(part, keys, n=1)
            hint = f'did you mean {".".join([*walked, near[0]])!r}?' if near else f'{place} has {sorted(keys)}.'
            raise KeyError(f'{dotted!r} is not in the config: {hint} Write +{dotted}=... to add a new key')
        node = node[int(part)] if isinstance(node, list | tuple) else node[part]
        walked.append(part)


def _move_paths(value: Any, old: str, new: str) -> Any:
    """Replace ``old`` at the start of every path in a nested config."""
    if isinstance(value, dict | ConfigDict):
        return {key: _move_paths(item, old, new) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_move_paths(item, old, new) for item in value)
    if isinstance(value, str) and (value == old or value.startswith(old.rstrip('/') + '/')):
        return new.rstrip('/') + value[len(old.rstrip('/')) :]
    return value
