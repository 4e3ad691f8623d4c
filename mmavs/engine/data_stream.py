"""Random draws that depend on the place of a sample in the training stream, not on the process that makes them."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Dataset, Sampler

from mmavs.registry import DATA_SAMPLERS


def seed_generators(*words: int) -> None:
    """Seed ``random``, numpy and torch (all devices) from non-negative integers."""
    for_python, for_numpy, for_torch = np.random.SeedSequence(words).generate_state(3).tolist()
    random.seed(for_python)
    np.random.seed(for_numpy)
    torch.manual_seed(for_torch)


class StreamIndex(int):
    """Index of a sample that carries the seed of its random transforms.

    Args:
        index: Index in the data set.
        seed: Non-negative integers: run seed, epoch, place in the epoch over all processes.
    """

    seed: tuple[int, ...]

    def __new__(cls, index: int, seed: tuple[int, ...]) -> 'StreamIndex':
        """Make an int with a seed."""
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self) -> tuple[type, tuple[int, tuple[int, ...]]]:
        return StreamIndex, (int(self), self.seed)


class StreamSampler(Sampler):
    """Wrap a sampler so that each index knows its place, and a pass can start anywhere without reading data.

    The place counts over all processes, so that one process with a batch of ``2 n`` and two processes with batches of ``n``
    draw the same augmentations. The wrapped sampler is built anew for every pass: a pass depends on nothing but seed, epoch
    and ``start``.

    Args:
        dataset: The data set.
        sampler: Config of a sampler.
        seed: Seed of the run; ``None`` agrees on one between the processes.

    Attributes:
        start: How many samples of this process the next pass leaves out.
    """

    def __init__(self, dataset: Dataset, sampler: dict[str, Any], seed: int | None = None) -> None:
        self.dataset = dataset
        self.sampler = sampler
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.start = 0
        inner = self._build()
        self.is_infinite = isinstance(inner, InfiniteSampler)
        self._length = len(inner)

    def _build(self) -> Sampler:
        return DATA_SAMPLERS.build(dict(self.sampler), default_args=dict(dataset=self.dataset, seed=self.seed))

    def __len__(self) -> int:
        return self._length

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next pass."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[StreamIndex]:
        inner = self._build()
        if hasattr(inner, 'set_epoch'):
            inner.set_epoch(self.epoch)
        rank, world_size = get_dist_info()
        for place, index in enumerate(inner):
            if place >= self.start:
                yield StreamIndex(index, (self.seed, self.epoch, place * world_size + rank))


class StreamDataset(Dataset):
    """Wrap a data set so that reading a :class:`StreamIndex` seeds the generators first; otherwise transparent.

    Args:
        dataset: The data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        object.__setattr__(self, 'dataset', dataset)

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, StreamIndex):
            seed_generators(*index.seed)
        return self.dataset[int(index)]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset' or name.startswith('__'):  # asked for while a copy is being unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.dataset, name, value)

    def __reduce__(self) -> tuple[type, tuple[Dataset]]:
        return StreamDataset, (self.dataset,)

    def __deepcopy__(self, memo: dict) -> 'StreamDataset':
        return StreamDataset(self.dataset)  # mmengine copies dataloader configs; the clips need not be copied with them
