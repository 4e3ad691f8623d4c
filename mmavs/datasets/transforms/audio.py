"""Waveform to log-mel, and random changes of the log-mel."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from mmavs.audio import pad_or_cut_examples, vggish_log_mel
from mmavs.audio.log_mel import LOG_OFFSET, min_duration
from mmavs.registry import TRANSFORMS

_CACHE_VERSION = 1  # raise it when the front end changes its numbers
_SILENCE = float(np.log(LOG_OFFSET))


@TRANSFORMS.register_module()
class VGGishLogMel(BaseTransform):
    """VGGish log-mel examples, one per frame.

    Reads ``waveform``, ``sample_rate``, ``num_frames`` (after ``SampleFrames``: ``num_seconds`` and ``audio_seconds``); adds
    ``audio`` ``(T, 1, 96, 64)`` float32. Examples last 0.96 s, not 1 s, as in the published code, so that example ``i`` starts
    at ``0.96 i`` seconds.

    Args:
        short_audio: What a waveform with fewer examples than the clip has seconds gets: ``'error'``, or the padding of the
            published loaders, ``'repeat_last'`` (S4, MS3) or ``'zeros'`` (AVSS).
        filter_name: Resampling filter for rates other than 16 kHz, see :func:`mmavs.audio.resample`.
        cache_dir: Folder where the examples of unchanged files are kept, one ``.npy`` per audio file, found again by path,
            size and time of change of the file and by the parameters. ``None``: no cache.

    Raises:
        ValueError: An unknown option; or audio shorter than the clip.
    """

    def __init__(
        self, short_audio: str = 'error', filter_name: str = 'kaiser_best', cache_dir: str | os.PathLike | None = None
    ) -> None:
        if short_audio not in ('error', 'repeat_last', 'zeros'):
            raise ValueError(f"short_audio must be 'error', 'repeat_last' or 'zeros', got {short_audio!r}")
        self.short_audio = short_audio
        self.filter_name = filter_name
        self.cache_dir = None if cache_dir is None else Path(cache_dir)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``audio``."""
        if 'waveform' not in results:
            raise ValueError('VGGishLogMel needs the key "waveform"; put LoadAudio before it')
        source = results.get('waveform_source')
        cached = self.cache_dir is not None and source is not None
        log_mel = self._cached(source, results) if cached else self._compute(results)
        seconds = results.get('num_seconds', results['num_frames'])
        if log_mel.shape[0] < seconds:
            if self.short_audio == 'error':
                duration = results['waveform'].shape[-1] / results['sample_rate']
                raise ValueError(
                    f'audio file {results["audio_path"]!r} lasts {duration:.3f} s, shorter than its clip of {seconds} s '
                    f'({min_duration(seconds):.3f} s are needed); extract it again, or pass '
                    "short_audio='repeat_last' or 'zeros' to VGGishLogMel to pad as the published loaders do"
                )
            log_mel = pad_or_cut_examples(log_mel, seconds, self.short_audio)
        log_mel = log_mel[:seconds]
        results['audio'] = log_mel[results['audio_seconds']] if 'audio_seconds' in results else log_mel
        return results

    def _compute(self, results: dict[str, Any]) -> Tensor:
        return vggish_log_mel(results['waveform'], results['sample_rate'], self.filter_name)

    def _cached(self, source: str, results: dict[str, Any]) -> Tensor:
        status = os.stat(source)
        identity = (_CACHE_VERSION, os.path.abspath(source), status.st_size, status.st_mtime_ns, self.filter_name)
        digest = hashlib.sha256(repr(identity).encode()).hexdigest()
        path = self.cache_dir / digest[:2] / f'{digest[2:32]}.npy'
        if path.is_file():
            return torch.from_numpy(np.load(path, allow_pickle=False))
        log_mel = self._compute(results)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written under another name first: a reader, or the next run after a crash, never sees half a file.
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix='.tmp')
        with os.fdopen(handle, 'wb') as file:
            np.save(file, log_mel.numpy(), allow_pickle=False)
        os.replace(temporary, path)
        return log_mel


@TRANSFORMS.register_module()
class AudioAugment(BaseTransform):
    """Random level, and bands of the log-mel replaced by silence; one draw per clip.

    Goes behind ``VGGishLogMel``; changes ``audio``. A change of level is exact: the compression is undone for it.

    Args:
        level_db: Range of the gain in dB, ``(low, high)``.
        num_time_masks: Masks in time, each within one example and at the same place in all examples of the clip.
        max_time_frames: Longest time mask in rows of 10 ms, at most 96.
        num_band_masks: Masks in frequency, the same for the whole clip.
        max_bands: Widest frequency mask in mel bands, at most 64.

    Raises:
        ValueError: An empty range or a mask larger than an example.
    """

    def __init__(
        self,
        level_db: Sequence[float] = (0.0, 0.0),
        num_time_masks: int = 0,
        max_time_frames: int = 24,
        num_band_masks: int = 0,
        max_bands: int = 12,
    ) -> None:
        if len(level_db) != 2 or level_db[0] > level_db[1]:
            raise ValueError(f'level_db must be (low, high) in dB, got {level_db!r}')
        if not 0 <= max_time_frames <= 96 or not 0 <= max_bands <= 64:
            raise ValueError(f'masks must fit an example of 96x64, got {max_time_frames} rows and {max_bands} bands')
        self.level_db = tuple(level_db)
        self.masks = ((2, num_time_masks, max_time_frames), (3, num_band_masks, max_bands))

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``audio``."""
        audio = results['audio'].clone()
        gain = 10 ** (np.random.uniform(*self.level_db) / 20)
        if gain != 1.0:
            magnitude = (audio.exp() - LOG_OFFSET).clamp_min(0.0)
            audio = torch.log(magnitude * gain + LOG_OFFSET)
        for axis, number, longest in self.masks:
            for _ in range(number):
                width = np.random.randint(0, longest + 1)
                start = np.random.randint(0, audio.shape[axis] - width + 1)
                audio.narrow(axis, start, width).fill_(_SILENCE)
        results['audio'] = audio
        return results
