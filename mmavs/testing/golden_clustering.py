"""Checking density-peak clustering and token merging against golden cases of the published code."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmavs.models.clustering import DPCKNN
from mmavs.models.clustering.functional import (
    assign_to_peaks,
    knn_density,
    merge_tokens,
    parent_distance,
    peak_scores,
)
from mmavs.testing.golden import GoldenCase, normal_from_name, relative_l2

METHOD = 'cluster_dpc_knn'
ORDER_GAP = 1e-6
"""Where two of the best scores are nearer than this, the manifest allows the groups to be numbered in another order."""


def generator_from_name(seed: int, name: str) -> np.random.Generator:
    """Return the generator that belongs to ``seed`` and ``name``."""
    digest = hashlib.sha256(f'{seed}:{name}'.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], 'little'))


def input_name(entry: dict[str, Any]) -> str:
    """Return what the names of a case's inputs begin with; they do not tell structured cases (``.blobs``) from others."""
    return f'input.{entry["name"].removesuffix(".blobs")}'


def case_tokens(entry: dict[str, Any], seed: int) -> Tensor:
    """Make the tokens of one case ``(B, N, C)`` from their name.

    Args:
        entry: Item of the manifest's ``cases``.
        seed: The manifest's seed.

    Raises:
        ValueError: The tokens do not have the digest of the manifest.
    """
    name, batch, num_tokens, channels = input_name(entry), entry['B'], entry['N'], entry['C']
    groups = entry['cluster_num']
    x = normal_from_name(seed, f'{name}.x', (batch, num_tokens, channels)).astype(np.float32)
    if entry['structured']:
        centers = normal_from_name(seed, f'{name}.centers', (batch, groups, channels)).astype(np.float32)
        member = generator_from_name(seed, f'{name}.assign').integers(0, groups, size=(batch, num_tokens))
        x = np.float32(0.3) * x + np.float32(2) * np.take_along_axis(centers, member[..., None], 1)
    digest = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
    if digest != entry.get('x_sha256', digest):
        raise ValueError(
            f'the tokens of {entry["name"]} do not have the digest of the manifest; were they made by another numpy?'
        )
    return torch.from_numpy(x)


def mismatch(value: Tensor, reference: np.ndarray, any_order: bool) -> float:
    """Return the share of entries that differ; with ``any_order`` 0 too where only the numbering of the groups differs."""
    value = value.numpy()
    wrong = float((value != reference).mean())
    if wrong and any_order:
        renamed = True
        for own, other in zip(value, reference, strict=True):
            pairs = np.unique(np.stack((own, other)), axis=1)
            renamed &= all(len(np.unique(side)) == pairs.shape[1] for side in pairs)
        return 0.0 if renamed else wrong
    return wrong


def clustering_outputs(entry: dict[str, Any], seed: int) -> dict[str, Tensor]:
    """Run one case; the keys are those of the npz without the name of the case."""
    x = case_tokens(entry, seed)
    groups, k = entry['cluster_num'], entry['k']
    density, _, score = peak_scores(x, k)
    peaks = score.topk(groups, dim=-1).indices
    outputs = dict(idx_cluster=DPCKNN(k=k)(x, groups), index_down=peaks, density=density, score=score)

    noise = generator_from_name(seed, f'{input_name(entry)}.noise').random(x.shape[:2]).astype(np.float32)
    noisy = density + torch.from_numpy(noise) * 1e-6
    noisy_score = parent_distance(x, noisy, knn_density(x, k)[1]) * noisy
    outputs['idx_cluster_noise'] = assign_to_peaks(x, noisy_score.topk(groups, dim=-1).indices)
    if 'merge' in entry:
        weight = np.exp(normal_from_name(seed, f'{input_name(entry)}.token_score', (*x.shape[:2], 1)))
        labels = outputs['idx_cluster']
        merged, share = merge_tokens(x, labels, groups, torch.from_numpy(weight.astype(np.float32)).squeeze(-1))
        outputs.update(merged_x=merged, merged_agg_weight=share.unsqueeze(-1), merged_idx_token=labels)
    return outputs


def check_case(path: str | Path) -> dict[str, float]:
    """Compare all configurations of a ``dpc_knn`` manifest.

    Args:
        path: ``CASE.json``; the npz it names lies beside it.

    Returns:
        ``{'configuration.what': error}``: relative L2 for numbers, the share of wrong entries for labels and indices.

    Raises:
        FileNotFoundError: One of the two files is missing.
        ValueError: Another method's manifest, tokens that cannot be made again, or an array that nothing is compared with.
    """
    case = GoldenCase.load(path)
    if case.manifest['method'] != METHOD:
        raise ValueError(f'{path}: the method must be {METHOD!r}, got {case.manifest["method"]!r}')
    errors = {}
    for entry in case.manifest['cases']:
        outputs = clustering_outputs(entry, case.manifest['seed'])
        any_order = entry.get('min_score_order_gap', 1) < ORDER_GAP
        for key, reference in case.arrays.items():
            prefix, _, what = key.rpartition('.')
            if prefix != entry['name']:
                continue
            if what not in outputs:
                raise ValueError(f'{path}: nothing here computes the array {key!r}; known: {sorted(outputs)}')
            value = outputs[what]
            if value.shape != reference.shape:
                errors[key] = 1.0
            elif value.is_floating_point():
                errors[key] = relative_l2(value.numpy(), reference)
            elif what == 'index_down' and any_order:
                errors[key] = mismatch(value.sort(-1).values, np.sort(reference, -1), any_order=False)
            else:
                errors[key] = mismatch(value, reference, any_order)
    return errors
