"""Comparison with numbers made by published implementations under a deterministic weight recipe.

A case is a manifest ``CASE.json`` (names and shapes of the official state dict, rules of the inputs, what is stored) with
``CASE.npz`` (parts of the outputs). Weights and inputs are made from their names, so a case needs no checkpoint.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

StateDict = dict[str, Tensor]


def normal_from_name(seed: int, name: str, shape: Iterable[int]) -> np.ndarray:
    """Return float64 standard normal numbers that depend on ``seed`` and ``name`` only."""
    digest = hashlib.sha256(f'{seed}:{name}'.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], 'little')).standard_normal(tuple(shape))


def fill_tensor(seed: int, name: str, shape: list[int], dtype: str) -> Tensor:
    """Return the recipe's value of one state-dict entry (the first rule that applies).

    Raises:
        ValueError: An integer tensor the recipe says nothing about.
    """
    last = name.rsplit('.', 1)[-1]
    if last == 'num_batches_tracked':
        return torch.zeros(shape, dtype=torch.int64)
    if not dtype.startswith('float'):
        raise ValueError(f'{name} is {dtype}: the recipe keeps its constructed value, which must be given')
    z = normal_from_name(seed, name, shape)
    if last == 'running_mean':
        value = 0.1 * z
    elif last == 'running_var':
        value = 1 + 0.1 * np.abs(z)
    elif len(shape) >= 2:
        value = z * (1 / math.sqrt(int(np.prod(shape[1:]))))
    elif last == 'weight':
        value = 1 + 0.1 * z
    else:
        value = 0.1 * z
    return torch.from_numpy(np.asarray(value).astype(np.float32))


@dataclass
class GoldenCase:
    """A manifest with its stored arrays.

    Attributes:
        manifest: The parsed json.
        arrays: ``{key: array}`` of the npz.
    """

    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @classmethod
    def load(cls, path: str | Path) -> 'GoldenCase':
        """Read ``CASE.json`` and the npz it names.

        Raises:
            FileNotFoundError: One of the two is missing.
        """
        path = Path(path)
        manifest = json.loads(path.read_text())
        with np.load(path.parent / manifest['npz']) as archive:
            return cls(manifest, {key: archive[key] for key in archive.files})

    def state_dict(self) -> StateDict:
        """Fill the official state dict."""
        seed = self.manifest['seed']
        return {name: fill_tensor(seed, name, shape, dtype) for name, shape, dtype in self.manifest['state_dict']}

    def inputs(self) -> dict[str, Tensor]:
        """Return the inputs by name without ``input.``: stored ones, else standard normal ones made from their names.

        Frame flags with a rule in words are found by their digest (see ``flags_from_digest``).

        Raises:
            ValueError: Another rule than ``standard_normal`` without a stored array, or a digest that does not fit.
        """
        result = {}
        for entry in self.manifest['inputs']:
            name, dtype = entry['name'], entry['dtype']
            if name in self.arrays:
                value = self.arrays[name]
            elif 'values' in entry:
                value = np.asarray(entry['values']).reshape(entry['shape'])
            elif str(entry.get('rule', '')).startswith('standard_normal'):
                value = normal_from_name(self.manifest['seed'], name, entry['shape'])
            elif 'flag' in name and 'sha256' in entry:
                value = flags_from_digest(entry, self.manifest['build']['T'])
            else:
                raise ValueError(f'input {name} follows the rule {entry.get("rule")!r} and is not stored')
            value = np.ascontiguousarray(np.asarray(value).astype(dtype))
            digest = hashlib.sha256(value.tobytes()).hexdigest()
            if entry.get('sha256', digest) != digest:
                raise ValueError(
                    f'input {name} does not have the digest of the manifest; was it made by another numpy?'
                )
            result[name.removeprefix('input.')] = torch.from_numpy(value)
        return result


def flags_from_digest(entry: dict[str, Any], num_frames: int) -> np.ndarray:
    """Find frame flags by their digest: clips that exist up to some length, one length per clip.

    Args:
        entry: Input of a manifest with ``shape``, ``dtype`` and ``sha256``.
        num_frames: ``T``, frames per clip.

    Returns:
        Zeros and ones of the entry's shape.

    Raises:
        ValueError: No lengths give this digest.
    """
    num_clips = int(np.prod(entry['shape'])) // num_frames
    for lengths in itertools.product(range(num_frames, -1, -1), repeat=num_clips):
        flags = (np.arange(num_frames) < np.asarray(lengths)[:, None]).astype(entry['dtype']).reshape(entry['shape'])
        if hashlib.sha256(flags.tobytes()).hexdigest() == entry['sha256']:
            return flags
    raise ValueError(f'input {entry["name"]}: no clip lengths up to {num_frames} give the flags of the manifest')


def relative_l2(value: np.ndarray, reference: np.ndarray) -> float:
    """Return ``||value - reference|| / ||reference||`` in float64, infinite where shapes differ or values are not finite."""
    if value.shape != reference.shape:
        return math.inf
    value, reference = value.astype(np.float64), reference.astype(np.float64)
    error = np.linalg.norm(value - reference) / max(np.linalg.norm(reference), 1e-30)
    return float(error) if np.isfinite(error) else math.inf


def compare(case: GoldenCase, outputs: dict[str, Tensor]) -> dict[str, float]:
    """Compare outputs with everything stored about them.

    Args:
        case: The case.
        outputs: Whole outputs under the manifest's names.

    Returns:
        ``{what: relative error}``: one entry per stored part, and one for the L2 norm of each whole output.

    Raises:
        KeyError: A gated output of the manifest is missing.
    """
    errors = {}
    for entry in case.manifest['outputs']:
        name = entry['name']
        if name.startswith('input.') or (name not in outputs and not entry.get('gate', True)):
            continue
        value = outputs[name].detach().float().numpy()
        for stored in entry['stored']:
            cut = value
            if stored.get('slices') is not None:
                cut = value[tuple(slice(*s) if isinstance(s, list) else s for s in stored['slices'])]
            errors[stored['key']] = relative_l2(cut, case.arrays[stored['key']])
        norm = float(np.linalg.norm(value.astype(np.float64)))
        errors[f'{name} (norm)'] = abs(norm - entry['l2']) / max(entry['l2'], 1e-30)
        if list(value.shape) != entry['shape']:
            errors[f'{name} (shape)'] = math.inf
    return errors
