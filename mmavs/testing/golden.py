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
INFORMATIVE = ' (informative)'  # ends the name of an error that does not decide
CONSTANTS = {'zeros': 0, 'ones': 1}
MAX_FREE_FLAGS = 20  # so many flags are searched through in all combinations


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

    @property
    def num_frames(self) -> int:
        """``T``, frames per clip."""
        return self.manifest['build'].get('T', 5)

    def state_dict(self) -> StateDict:
        """Fill the official state dict."""
        seed = self.manifest['seed']
        return {name: fill_tensor(seed, name, shape, dtype) for name, shape, dtype in self.manifest['state_dict']}

    def inputs(self) -> dict[str, Tensor]:
        """Return the inputs by name without ``input.``: stored or constant ones, else standard normal ones made from their names.

        Frame flags with a rule in words are found by their digest (see ``flags_from_digest``). A normal input whose digest is
        that of its values with padded frames at zero has zeros there.

        Raises:
            ValueError: Another rule without a stored array, or a digest that does not fit.
        """
        result = {}
        valid = None
        for entry in sorted(self.manifest['inputs'], key=lambda entry: not is_frame_flag(entry['name'])):
            value = np.ascontiguousarray(self._input_value(entry).astype(entry['dtype']))
            if is_frame_flag(entry['name']):
                valid = value.flatten() > 0 if valid is None or is_video_flag(entry['name']) else valid
            elif valid is not None and not has_digest(value, entry) and len(value) == len(valid):
                value = value * valid.reshape(-1, *[1] * (value.ndim - 1)).astype(value.dtype)
            if not has_digest(value, entry):
                raise ValueError(
                    f'input {entry["name"]} does not have the digest of the manifest; was it made by another numpy?'
                )
            result[entry['name'].removeprefix('input.')] = torch.from_numpy(value)
        return result

    def _input_value(self, entry: dict[str, Any]) -> np.ndarray:
        """Return the values of one input, whatever the way they are given."""
        name, rule = entry['name'], str(entry.get('rule', ''))
        for key in (name, f'input.{name}', name.removeprefix('input.')):
            if key in self.arrays:
                return self.arrays[key].reshape(entry['shape'])
        if 'values' in entry:
            return np.asarray(entry['values']).reshape(entry['shape'])
        if rule.startswith('standard_normal'):
            return normal_from_name(self.manifest['seed'], name, entry['shape'])
        if is_frame_flag(name) and 'sha256' in entry:
            return flags_from_digest(entry, self.num_frames)
        if rule in CONSTANTS:
            return np.full(entry['shape'], CONSTANTS[rule])
        raise ValueError(f'input {name} follows the rule {entry.get("rule")!r} and is not stored')


def is_frame_flag(name: str) -> bool:
    """Tell whether an input says which frames exist or are annotated (``vid_temporal_mask_flag`` in the published code)."""
    return 'flag' in name or 'temporal' in name


def is_video_flag(name: str) -> bool:
    """Tell whether frame flags say which frames exist, not which are annotated."""
    return is_frame_flag(name) and not name.removeprefix('input.').startswith('gt')


def has_digest(value: np.ndarray, entry: dict[str, Any]) -> bool:
    """Tell whether an input has the digest of its entry, or no digest is given."""
    return entry.get('sha256') in (None, hashlib.sha256(value.tobytes()).hexdigest())


def flags_from_digest(entry: dict[str, Any], num_frames: int) -> np.ndarray:
    """Find frame flags by their digest: first clips that exist up to some length, then any zeros and ones of a short entry.

    Args:
        entry: Input of a manifest with ``shape``, ``dtype`` and ``sha256``.
        num_frames: ``T``, frames per clip.

    Returns:
        Zeros and ones of the entry's shape.

    Raises:
        ValueError: No lengths give this digest, nor do other flags.
    """
    num_flags = int(np.prod(entry['shape']))
    lengths = itertools.product(range(num_frames, -1, -1), repeat=num_flags // num_frames)
    candidates = (np.arange(num_frames) < np.asarray(clips)[:, None] for clips in lengths)
    if num_flags <= MAX_FREE_FLAGS:
        candidates = itertools.chain(candidates, map(np.asarray, itertools.product((True, False), repeat=num_flags)))
    for candidate in candidates:
        flags = candidate.astype(entry['dtype']).reshape(entry['shape'])
        if has_digest(flags, entry):
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
        ``{what: relative error}``: one entry per stored part, and one for the L2 norm of each whole output. Names of outputs
        with ``gate: false`` end in ``INFORMATIVE``.

    Raises:
        KeyError: A gated output of the manifest is missing.
    """
    errors = {}
    for entry in case.manifest['outputs']:
        name = entry['name']
        if name.startswith('input.') or (name not in outputs and not entry.get('gate', True)):
            continue
        value = outputs[name].detach().float().numpy()
        ending = '' if entry.get('gate', True) else INFORMATIVE
        for stored in entry['stored']:
            cut = value
            if stored.get('slices') is not None:
                cut = value[tuple(slice(*s) if isinstance(s, list) else s for s in stored['slices'])]
            errors[stored['key'] + ending] = relative_l2(cut, case.arrays[stored['key']])
        norm = float(np.linalg.norm(value.astype(np.float64)))
        errors[f'{name} (norm){ending}'] = abs(norm - entry['l2']) / max(entry['l2'], 1e-30)
        if list(value.shape) != entry['shape']:
            errors[f'{name} (shape){ending}'] = math.inf
    return errors
