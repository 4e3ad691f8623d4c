"""What all metrics of clips share: one entry per clip, combined in the order of the data set."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement


class BaseAVSMetric(BaseMetric):
    """Base of metrics whose result does not depend on batch size, number of processes or order of the clips.

    Every clip gives one entry. mmengine would cut the collected entries to the length of the data set, which is right for
    one sampler only; here all entries are collected, clips that a sampler has given to two processes are recognised and
    counted once, and the number of clips is checked. Entries are sorted before they are combined, because sums of floats are
    equal to the last digit only if they are added in one order.

    Args:
        collect_device: ``'cpu'`` or ``'gpu'``, how processes exchange entries.
        prefix: Prefix of the keys, ``'avs'`` by default.
        collect_dir: Shared folder for the exchange by ``'cpu'``.
    """

    default_prefix = 'avs'

    def __init__(
        self, *, collect_device: str = 'cpu', prefix: str | None = None, collect_dir: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self._num_clips: int | None = None

    @abstractmethod
    def clip_result(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Reduce one clip to the sums that ``combine`` needs, on the CPU."""

    @abstractmethod
    def combine(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Combine the clips, given in the order of the data set."""

    def process(self, data_batch: Any, data_samples: Sequence[dict | BaseDataElement]) -> None:
        """Append one entry per clip.

        Args:
            data_batch: Not used.
            data_samples: :class:`mmavs.structures.AVSDataSample`, or what its ``to_dict`` gives, with predictions.

        Raises:
            ValueError: A sample that cannot be scored; the message names the clip.
        """
        for sample in data_samples:
            sample = sample.to_dict() if isinstance(sample, BaseDataElement) else sample
            key = clip_key(sample, position=len(self.results))
            try:
                result = self.clip_result(sample)
            except ValueError as error:
                raise ValueError(f'{type(self).__name__}, clip {sample.get("clip_id", key[1])!r}: {error}') from error
            self.results.append(dict(result, clip_key=key))

    def evaluate(self, size: int) -> dict[str, float]:
        """Collect the entries of all processes and combine them.

        Args:
            size: Number of clips of the data set.

        Raises:
            ValueError: Another number of clips was scored.
        """
        self._num_clips = size
        collected = torch.tensor(len(self.results))
        all_reduce(collected)
        return super().evaluate(int(collected))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Count clips that several processes have seen once, check the number, sort and combine."""
        if get_world_size() > 1:
            results = _without_repeats(results)
        if not results or (self._num_clips is not None and len(results) != self._num_clips):
            raise ValueError(
                f'{type(self).__name__} has scored {len(results)} clips, the data set has {self._num_clips}; several '
                'processes tell clips apart by the metainfo "sample_idx" and "clip_id"'
            )
        return self.combine(sorted(results, key=lambda result: result['clip_key']))


def clip_key(sample: dict[str, Any], position: int) -> tuple[int, int, str]:
    """Key that identifies a clip and sorts in the order of the data set.

    Args:
        sample: Dict of an ``AVSDataSample``.
        position: Number of clips seen before, the order of clips that have neither ``sample_idx`` nor ``clip_id``.

    Returns:
        ``(0, sample_idx, clip_id)``, ``(1, 0, clip_id)`` or ``(2, position, '')``.
    """
    index, clip_id = sample.get('sample_idx'), sample.get('clip_id')
    if index is None and clip_id is None:
        return 2, position, ''
    name = '' if clip_id is None else str(clip_id)
    return (1, 0, name) if index is None else (0, int(index), name)


def _without_repeats(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first entry of each clip.

    Raises:
        ValueError: A clip cannot be identified.
    """
    if any(result['clip_key'][0] == 2 for result in results):
        raise ValueError(
            'with several processes a metric needs the metainfo "sample_idx" (index in the data set) or "clip_id" to tell '
            'clips apart; keep them in PackAVSInputs(meta_keys=...)'
        )
    clips: dict[tuple, dict[str, Any]] = {}
    for result in results:
        clips.setdefault(result['clip_key'], result)
    return list(clips.values())
