"""The frozen networks whose outputs are worth keeping, and what identifies their outputs."""

import hashlib
import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from mmavs.engine.data_stream import seed_generators
from mmavs.registry import MODELS

PARTS = ('backbone', 'audio_backbone')
PREPROCESSOR = 'data_preprocessor'


class FrozenParts:
    """Frozen backbone and audio backbone with the data preprocessor before them.

    Args:
        model: Configs ``backbone`` and ``audio_backbone``, optionally ``data_preprocessor``: those of the model that will read
            the features.

    Attributes:
        digest: SHA-256 of all weights.

    Raises:
        ValueError: Missing or unknown keys, or a part that is not frozen.
    """

    def __init__(self, model: dict[str, Any]) -> None:
        missing = [key for key in PARTS if key not in model]
        unknown = sorted(set(model) - {*PARTS, PREPROCESSOR})
        if missing or unknown:
            raise ValueError(
                f'model must hold configs of {[*PARTS]} and may hold {PREPROCESSOR}: missing {missing}, {unknown=}'
            )
        init_default_scope('mmavs')
        self.model = model
        self.preprocessor = MODELS.build(dict(model.get(PREPROCESSOR) or dict(type='AVSDataPreprocessor')))
        self.parts = self._build(seed=0)
        for name, part in self.parts.items():
            check_frozen(name, part)
        self.digest = weights_digest(self.parts)

    def _build(self, seed: int) -> dict[str, nn.Module]:
        parts = {}
        with own_generators(seed):
            for name in PARTS:
                parts[name] = MODELS.build(dict(self.model[name]))
                parts[name].init_weights()
                parts[name].eval()
        return parts

    def check_weights_are_loaded(self) -> None:
        """Build the parts once more from another seed: what differs is random, and the model's own copy would differ too.

        Raises:
            ValueError: Random weights.
        """
        for name, other in self._build(seed=1).items():
            if weights_digest({name: other}) != weights_digest({name: self.parts[name]}):
                raise ValueError(
                    f'{name} {type(other).__name__} is frozen, but its weights are drawn at random, so that the model would '
                    f'hold other ones than its features were made with; set {name}.pretrained to weights that can be read'
                )

    @torch.no_grad()
    def features(self, items: Sequence[dict[str, Any]]) -> list[tuple[list[Tensor], Tensor]]:
        """Run both networks.

        Args:
            items: What ``PackAVSInputs`` gives, clips of any length.

        Returns:
            For each clip its maps, ``L`` tensors ``(T, C_l, H_l, W_l)``, finest first, and the audio features ``(T, A)``.
        """
        inputs = self.preprocessor(pseudo_collate(list(items)))['inputs']
        frames = inputs['frames']
        maps = [x.unflatten(0, frames.shape[:2]) for x in self.parts['backbone'](frames.flatten(0, 1))]
        audio = self.parts['audio_backbone'](inputs['audio'])
        lengths = [len(item['inputs']['frames']) for item in items]
        return [([x[i, :length] for x in maps], audio[i, :length]) for i, length in enumerate(lengths)]


def check_frozen(name: str, part: nn.Module) -> None:
    """Check that training leaves a part alone.

    Raises:
        ValueError: It has parameters that learn, or batch norms or dropout that change mode.
    """
    learning = [key for key, parameter in part.named_parameters() if parameter.requires_grad]
    part.train()
    moving = [
        key for key, module in part.named_modules() if module.training and isinstance(module, _BatchNorm | _DropoutNd)
    ]
    part.eval()
    if learning or moving:
        raise ValueError(
            f'{name} {type(part).__name__} is not frozen (trainable: {learning[:3]} and {max(len(learning) - 3, 0)} more; in '
            f'training mode: {moving[:3]}): features of a network that changes cannot be kept; set {name}.frozen=True'
        )


def weights_digest(parts: dict[str, nn.Module]) -> str:
    """SHA-256 over names, types, shapes and bytes of all parameters and buffers."""
    digest = hashlib.sha256()
    for part_name, part in parts.items():
        for name, value in part.state_dict().items():
            value = value.detach().cpu().contiguous()
            digest.update(f'{part_name}.{name}:{value.dtype}:{tuple(value.shape)}'.encode())
            digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def own_generators(*seed: int) -> Iterator[None]:
    """Seed ``random``, numpy and torch inside, and leave their states outside as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            seed_generators(*seed)
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def canonical_config(value: Any, place: str = 'config') -> Any:
    """Turn a config into plain JSON values, the same for equal configs.

    Raises:
        TypeError: An object that is neither a plain value nor a class.
    """
    if isinstance(value, dict):
        return {str(key): canonical_config(item, f'{place}.{key}') for key, item in sorted(value.items(), key=str)}
    if isinstance(value, list | tuple):
        return [canonical_config(item, f'{place}.{i}') for i, item in enumerate(value)]
    if isinstance(value, type):
        return f'{value.__module__}.{value.__qualname__}'
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(
        f'{place} is a {type(value).__name__}, but what identifies cached features must be plain values; use a config'
    )


def config_digest(**configs: Any) -> str:
    """SHA-256 of some configs."""
    text = json.dumps({key: canonical_config(value, key) for key, value in configs.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def files_digest(dataset: Any) -> str:
    """SHA-256 over path, size and time of change of every file that the clips of a data set name, and over the clips' order.

    Args:
        dataset: With ``get_data_info``; entries ``*_path`` and ``*_paths`` are read.
    """
    digest, seen = hashlib.sha256(), {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        digest.update(str(info.get('clip_id')).encode())
        for key in sorted(info):
            if not key.endswith(('_path', '_paths')):
                continue
            value = info[key]
            for path in value if isinstance(value, list | tuple) else [value]:
                if path is not None and path not in seen:
                    seen[path] = _file_state(path)
                digest.update(repr((key, path, seen.get(path))).encode())
    return digest.hexdigest()


def _file_state(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None  # the pipeline says which clip needs it
    return status.st_size, status.st_mtime_ns
