"""Reading published weights: by path (must exist) or by URL (one clear log line where it cannot be reached)."""

from typing import Any
from urllib.error import URLError

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmavs.compat import load_file_safely


def read_weights(source: str) -> dict[str, Tensor] | None:
    """Read a state dict without running code from the file.

    Args:
        source: A path, or an ``http(s)`` URL, which is cached in torch's hub folder.

    Returns:
        The state dict (unwrapped from ``state_dict`` or ``model`` if it lies in one), or ``None`` when a URL cannot be
        reached; that is logged.

    Raises:
        FileNotFoundError: A path that does not exist.
        ValueError: A file that is damaged or holds more than tensors.
    """
    if source.startswith(('http://', 'https://')):
        try:
            weights = torch.hub.load_state_dict_from_url(source, map_location='cpu', progress=True, weights_only=True)
        except (URLError, OSError) as error:
            print_log(
                f'weights {source} cannot be reached ({error}): training goes on from random values; give a local path '
                'to use them',
                logger='current',
                level=30,
            )
            return None
    else:
        weights = load_file_safely(source, map_location='cpu')
    return unwrap_state_dict(weights)


def unwrap_state_dict(weights: Any) -> dict[str, Tensor]:
    """Return the state dict inside a checkpoint, without the prefix that data-parallel wrappers add.

    Raises:
        ValueError: No tensors are found.
    """
    if not isinstance(weights, dict):
        raise ValueError(f'a state dict is a dict of tensors, but the file holds a {type(weights).__name__}')
    for key in ('state_dict', 'model', 'model_state_dict'):
        if isinstance(weights.get(key), dict):
            weights = weights[key]
            break
    weights = {name: value for name, value in weights.items() if isinstance(value, Tensor)}
    if not weights:
        raise ValueError('the file holds no tensors: it is not a state dict, nor a checkpoint with one inside')
    if all(name.startswith('module.') for name in weights):
        weights = {name.removeprefix('module.'): value for name, value in weights.items()}
    return weights


def load_exactly(
    module: torch.nn.Module, weights: dict[str, Tensor], source: str, ignore: tuple[str, ...] = ()
) -> None:
    """Load ``weights`` into ``module``; every parameter and buffer must be covered.

    Args:
        module: The receiver.
        weights: State dict in the module's own names.
        source: Named in errors and in the log.
        ignore: Prefixes of entries that may be left over (a classifier head, say).

    Raises:
        ValueError: Missing or unexpected names, or other shapes.
    """
    own = module.state_dict()
    missing = sorted(set(own) - set(weights))
    unexpected = sorted(name for name in set(weights) - set(own) if not name.startswith(ignore or ('\0',)))
    shapes = [
        f'{name}: {tuple(weights[name].shape)} in the file, {tuple(own[name].shape)} in the model'
        for name in sorted(set(own) & set(weights))
        if own[name].shape != weights[name].shape
    ]
    if missing or unexpected or shapes:
        raise ValueError(
            f'{source} does not fit {type(module).__name__}: missing {missing[:5]} ({len(missing)}), unexpected '
            f'{unexpected[:5]} ({len(unexpected)}), other shapes {shapes[:5]} ({len(shapes)})'
        )
    module.load_state_dict({name: weights[name] for name in own})
    print_log(f'{type(module).__name__}: loaded {len(own)} tensors from {source}', logger='current')
