"""Training on what frozen networks have computed once."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from rich.progress import track
from torch.utils.data import Dataset

from mmavs.registry import DATASETS
from mmavs.structures import AVSDataSample

from .feature_store import HEADER, FeatureStore, FeatureWriter, check_disk_space
from .frozen_parts import FrozenParts, config_digest, files_digest, own_generators

FORMAT_VERSION = 1  # raise it when the content of a cache changes
BATCH_FRAMES = 16  # larger batches are slower: fresh memory for every intermediate map costs more than it saves
DISK_MARGIN = 1.05
LABEL_LIMIT = 255
_MAP, _AUDIO, _FIELD = 'map_', 'audio_features', 'field_'


@DATASETS.register_module()
class FrozenFeatureDataset(Dataset):
    """A data set whose clips are the feature maps and audio embeddings of frozen networks, computed once and kept on disk.

    Where backbone and audio backbone are frozen, most of a training step on a CPU repeats the same computation. This data set
    runs both once over every item of another one and serves their outputs; ``AVSegmentor`` takes them in place of frames and
    audio. Caches are found again by the configs, the weights, the files of the data set (path, size, time of change) and the
    version of this code; a cache appears when it is complete. Processes on one machine that need the same cache wait for
    the one that makes it.

    Args:
        dataset: Config of any data set (also ``ConcatDataset``, ``RepeatDataset``) whose pipeline ends in ``PackAVSInputs``.
        model: Configs ``backbone`` and ``audio_backbone``, both frozen and with weights to load, and optionally
            ``data_preprocessor``: those of the model that is trained.
        cache_dir: Folder of the caches.
        views: Draws of the (random) pipeline kept of each item; an access gets one of them at random. The draws depend on
            the item and the number of the draw only.

    Sample:
        - ``inputs``: ``visual_features``, list of ``L`` maps ``(T, C_l, H_l, W_l)`` float32, finest first, rounded to half
          precision; ``audio_features`` ``(T, A)`` float32.
        - ``data_samples``: the :class:`mmavs.structures.AVSDataSample` of the item, complete.

    Raises:
        TypeError: ``dataset`` is no config, or configs hold objects.
        ValueError: A part that is not frozen or whose weights are random; an item without frames or audio, with frames of
            another size, or with features beyond half precision.
        OSError: The disk is too small.
    """

    def __init__(self, dataset: dict, model: dict, cache_dir: str | Path, views: int = 1) -> None:
        if not isinstance(dataset, dict):
            raise TypeError(f'dataset must be a config, got {type(dataset).__name__}: it identifies the cache')
        if views < 1:
            raise ValueError(f'views must be positive, got {views}')
        self.views = views
        self.cache_dir = Path(cache_dir)
        self._configs = dict(dataset=dataset, model=model)
        self._source: Any = DATASETS.build(dict(dataset))
        self._metainfo = self._source.metainfo
        self._store: FeatureStore | None = None

    @property
    def metainfo(self) -> dict[str, Any]:
        """Metainfo of the wrapped data set."""
        return dict(self._metainfo)

    def full_init(self) -> None:
        """Open the cache; make it first if there is none."""
        if self._store is not None:
            return
        if hasattr(self._source, 'full_init'):
            self._source.full_init()
        parts = FrozenParts(self._configs['model'])
        key = config_digest(
            **self._configs,
            views=self.views,
            weights=parts.digest,
            files=files_digest(self._source),
            version=FORMAT_VERSION,
        )[:32]
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        folder = self.cache_dir / key
        if not (folder / HEADER).is_file():
            with _lock(self.cache_dir / f'.{key}.lock'):
                if not (folder / HEADER).is_file():  # another process may have made it meanwhile
                    parts.check_weights_are_loaded()
                    self._make(folder, parts)
        self._store = FeatureStore(folder)
        self._source = None  # its index is not needed any more

    def __len__(self) -> int:
        self.full_init()
        return len(self._store) // self.views

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f'index {index} of {len(self)} clips')
        place = int(index) * self.views + (np.random.randint(self.views) if self.views > 1 else 0)
        arrays = {name: torch.from_numpy(value) for name, value in self._store.arrays(place).items()}
        num_maps = sum(name.startswith(_MAP) for name in arrays)
        inputs = dict(
            visual_features=[arrays[f'{_MAP}{level}'].float() for level in range(num_maps)],
            audio_features=arrays[_AUDIO],
        )
        fields = {name.removeprefix(_FIELD): value for name, value in arrays.items() if name.startswith(_FIELD)}
        sample = AVSDataSample(metainfo=self._store.meta(place))
        sample.set_data({name: value.long() if value.dtype == torch.uint8 else value for name, value in fields.items()})
        return dict(inputs=inputs, data_samples=sample)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the metainfo of one clip, as its first view has it."""
        self.full_init()
        return self._store.meta(int(index) * self.views)

    def _make(self, folder: Path, parts: FrozenParts) -> None:
        """Compute all features in a folder beside ``folder``, then rename it."""
        partial = folder.with_name(f'.{folder.name}.partial')
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed; the lock is ours
        partial.mkdir()
        started, total = time.time(), len(self._source) * self.views
        print_log(f'FrozenFeatureDataset: computing the features of {total} clips', logger='current')
        writer = FeatureWriter(partial)
        try:
            for number, batch in enumerate(self._batches(total)):
                for item, features in zip(batch, parts.features(batch), strict=True):
                    writer.append(*_pack(item, *features))
                if number == 0:
                    frames = writer.offsets[-1] / len(batch) * total
                    check_disk_space(self.cache_dir, DISK_MARGIN * frames * writer.bytes_per_frame())
            writer.close(views=self.views)
        except BaseException:
            writer.abort()
            shutil.rmtree(partial, ignore_errors=True)
            raise
        partial.rename(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print_log(
            f'FrozenFeatureDataset: {total} clips, {writer.offsets[-1]} frames, {size / 2**20:.0f} MiB in '
            f'{time.time() - started:.0f} s: {folder.name}',
            logger='current',
        )

    def _batches(self, total: int) -> Iterator[list[dict[str, Any]]]:
        """Items with their views next to each other, in batches of about ``BATCH_FRAMES`` frames."""
        batch, frames = [], 0
        for place in track(range(total), 'frozen features'):
            index, view = divmod(place, self.views)
            with own_generators(index, view):
                item = self._source[index]
            missing = {'frames', 'audio'} - set(item['inputs'])
            if missing:
                clip = item['data_samples'].get('clip_id', index)
                raise ValueError(
                    f'clip {clip!r} has no inputs {sorted(missing)}; frozen features need frames and audio'
                )
            batch.append(item)
            frames += len(item['inputs']['frames'])
            if frames >= BATCH_FRAMES:
                yield batch
                batch, frames = [], 0
        if batch:
            yield batch


def _pack(item: dict, maps: list[torch.Tensor], audio: torch.Tensor) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metainfo of one clip as they are stored."""
    sample = item['data_samples']
    arrays = {_AUDIO: audio.float().numpy()}
    for level, x in enumerate(maps):
        half = x.half()
        if not torch.isfinite(half).all():
            raise ValueError(
                f'clip {sample.get("clip_id")!r}: map {level} of the backbone reaches {x.abs().max():.3g} and cannot be kept '
                'in half precision; normalise the maps in the backbone'
            )
        arrays[f'{_MAP}{level}'] = half.numpy()
    for name, value in sample.items():
        if value.dtype == torch.int64:
            if value.min() < 0 or value.max() > LABEL_LIMIT:
                raise ValueError(
                    f'clip {sample.get("clip_id")!r}: labels of {name} must lie in 0..{LABEL_LIMIT}, got '
                    f'{value.min()}..{value.max()}'
                )
            value = value.to(torch.uint8)
        arrays[f'{_FIELD}{name}'] = value.numpy()
    return arrays, dict(sample.metainfo_items())


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a file lock; it ends with the process."""
    with path.open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
