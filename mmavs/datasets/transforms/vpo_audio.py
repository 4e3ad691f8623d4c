"""Several recordings, one per sounding object of a picture, mixed to one waveform."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmavs.audio import SAMPLE_RATE, cavp_mel, read_wav, resample
from mmavs.audio.cavp_mel import NUM_ROWS
from mmavs.audio.log_mel import min_duration
from mmavs.registry import TRANSFORMS

SHORT_RULES = ('repeat', 'published')


def central_cut(waveform: np.ndarray, length: int, short_audio: str = 'repeat') -> np.ndarray:
    """Cut the centre out of a waveform; one that is too short is repeated until it fills the cut.

    Args:
        waveform: ``(n,)``.
        length: Samples wanted.
        short_audio: What is repeated: ``'repeat'``, the whole waveform; ``'published'``, its last ``length // 2 - n // 2``
            samples, which is what a slice with a negative start leaves in the published loader.

    Returns:
        ``(length,)``.

    Raises:
        ValueError: An unknown rule, or a waveform that leaves nothing to repeat.
    """
    if short_audio not in SHORT_RULES:
        raise ValueError(f'short_audio must be one of {SHORT_RULES}, got {short_audio!r}')
    start = len(waveform) // 2 - length // 2
    if start < 0 and short_audio == 'repeat':
        start = 0
    piece = waveform[start : len(waveform) // 2 - length // 2 + length]
    if not len(piece):
        raise ValueError(f'a waveform of {len(waveform)} samples leaves nothing to fill {length} samples with')
    return np.tile(piece, -(-length // len(piece)))[:length]


def central_source(path: str, length: int, short_audio: str = 'repeat', filter_name: str = 'kaiser_best') -> np.ndarray:
    """Read a recording as one channel at 16 kHz and cut its centre out, ``(length,)`` float32.

    Args:
        path: A wav file.
        length: Samples wanted.
        short_audio: What fills the cut of a shorter recording, see :func:`central_cut`.
        filter_name: Resampling filter, see :func:`mmavs.audio.resample`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is empty, truncated or not wav, or leaves nothing to cut.
    """
    waveform, sample_rate = read_wav(path)
    try:
        mono = resample(torch.from_numpy(waveform.mean(0)), sample_rate, SAMPLE_RATE, filter_name)
        return central_cut(mono.numpy(), length, short_audio)
    except ValueError as error:
        raise ValueError(f'audio file {path!r}: {error}; take a longer recording') from error


@TRANSFORMS.register_module()
class LoadSources(BaseTransform):
    """Read the recordings of a clip and cut all to one length.

    Reads ``audio_paths``; adds ``sources`` ``(S, n)`` float32 numpy, ``n = seconds * 16000``, and ``sample_rate`` 16000. Each
    recording is averaged over its channels, resampled to 16 kHz and cut about its centre.

    Args:
        seconds: Length of the cut. VPO is published with 3 s; ``None`` takes the central 0.975 s, which make exactly one
            example of ``VGGishLogMel``.
        short_audio: What fills the cut of a shorter recording, see :func:`central_cut`.
        filter_name: Resampling filter, see :func:`mmavs.audio.resample`.

    Raises:
        FileNotFoundError: A recording is missing.
        ValueError: A recording that is empty, truncated or not wav; a length that is not positive; or an unknown rule.

    Source: CAVP (cyh-0), ``dataset/vpo_mono`` and ``dataset/vpo_stereo``.
    """

    def __init__(
        self, seconds: float | None = 3.0, short_audio: str = 'repeat', filter_name: str = 'kaiser_best'
    ) -> None:
        if short_audio not in SHORT_RULES:
            raise ValueError(f'short_audio must be one of {SHORT_RULES}, got {short_audio!r}')
        self.length = round((min_duration(1) if seconds is None else seconds) * SAMPLE_RATE)
        if self.length < 1:
            raise ValueError(f'seconds must be positive or None, got {seconds}')
        self.short_audio = short_audio
        self.filter_name = filter_name

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``sources``."""
        if 'audio_paths' not in results:
            raise ValueError('LoadSources needs the key "audio_paths" of VPODataset; use LoadAudio for other data sets')
        results['sources'] = np.stack(
            [central_source(path, self.length, self.short_audio, self.filter_name) for path in results['audio_paths']]
        )
        results['sample_rate'] = SAMPLE_RATE
        return results


@TRANSFORMS.register_module()
class MixSources(BaseTransform):
    """Sum the recordings of a clip, in stereo at the places of their objects.

    Reads ``sources`` ``(S, n)``, ``audio_positions`` and ``flip``; adds ``waveform`` ``(1, n)``, or in stereo ``(2, n)``
    float32. Left is the sum of ``(1 - position) * source``, right that of ``position * source``; nothing is divided by the
    number of sources.

    A mirrored picture gets mirrored sound: the two channels change places, exactly. It makes no difference whether
    ``RandomFlipClip`` stands before this transform or behind it (or behind the front end).

    Args:
        stereo: Two channels instead of one.
        follow_flip: ``False`` leaves the sound as it is when the picture is mirrored, which is what the published loader of
            VPO-SS in stereo does (that of VPO-MS and VPO-MSMI mirrors both).

    Raises:
        ValueError: No sources, or not one position for each.

    Source: CAVP (cyh-0), ``dataset/vpo_stereo``.
    """

    def __init__(self, stereo: bool = False, follow_flip: bool = True) -> None:
        self.stereo = stereo
        self.follow_flip = follow_flip

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``waveform``."""
        if 'sources' not in results:
            raise ValueError('MixSources needs the key "sources"; put LoadSources before it')
        sources = results['sources']
        if not self.stereo:
            results['waveform'] = sources.sum(0, keepdims=True)
            return results
        results['waveform'] = pan(sources, results['audio_positions'])
        if self.follow_flip:
            if results.get('flip', False):
                results['waveform'] = np.ascontiguousarray(results['waveform'][::-1])
            results['mirrored_audio'] = True
        return results


def pan(sources: np.ndarray, positions: Sequence[float]) -> np.ndarray:
    """Mix sources ``(S, n)`` to left and right ``(2, n)`` float32; position 0 is left, 1 right.

    Raises:
        ValueError: Not one position for each source, or one outside 0..1.
    """
    if len(positions) != len(sources) or not all(0 <= p <= 1 for p in positions):
        raise ValueError(f'{len(sources)} sources need one position in [0, 1] each, got {list(positions)}')
    right = np.array(positions, np.float64)
    gains = np.stack([1 - right, right]).astype(np.float32)
    return (gains[:, :, None] * sources).sum(1)


@TRANSFORMS.register_module()
class CAVPMel(BaseTransform):
    """Mel spectrograms of CAVP, one per frame of the clip.

    Reads ``waveform``, ``sample_rate``, ``num_frames`` (after ``SampleFrames``: ``num_seconds`` and ``audio_seconds``); adds
    ``audio`` ``(T, C, num_rows, 64)`` float32 with ``C`` 1, or 2 in stereo. The waveform is cut into pieces of ``seconds``, the
    first for the first frame.

    Args:
        num_rows: Rows of 10 ms that are kept: 300 of 3 s (VPO), 96 of 1 s.
        seconds: Length of a piece.
        stereo: Keep the two channels apart; otherwise all are averaged.
        filter_name: Resampling filter for rates other than 16 kHz, see :func:`mmavs.audio.resample`.

    Raises:
        ValueError: A piece with fewer rows than ``num_rows``, audio shorter than the pieces, or ``stereo`` without two
            channels.

    Source: CAVP (cyh-0).
    """

    def __init__(
        self, num_rows: int = NUM_ROWS, seconds: float = 3.0, stereo: bool = False, filter_name: str = 'kaiser_best'
    ) -> None:
        self.length = round(seconds * SAMPLE_RATE)
        self.num_rows = num_rows
        self.stereo = stereo
        self.filter_name = filter_name

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``audio``."""
        if 'waveform' not in results:
            raise ValueError(
                'CAVPMel needs the key "waveform"; put LoadSources and MixSources, or LoadAudio, before it'
            )
        waveform = torch.as_tensor(results['waveform'])
        if self.stereo and waveform.shape[0] != 2:
            raise ValueError(
                f'CAVPMel(stereo=True) needs two channels, got {waveform.shape[0]}; pass stereo=True to MixSources too'
            )
        if not self.stereo:
            waveform = waveform.mean(0, keepdim=True)
        waveform = resample(waveform, results['sample_rate'], SAMPLE_RATE, self.filter_name)
        number = results.get('num_seconds', results['num_frames'])
        if waveform.shape[1] < number * self.length:
            raise ValueError(
                f'audio file {results["audio_path"]!r} has {waveform.shape[1]} samples at 16 kHz, {number} pieces of '
                f'{self.length} are needed; give a longer recording or shorter pieces'
            )
        pieces = waveform[:, : number * self.length].unflatten(1, (number, self.length)).transpose(0, 1)
        audio = cavp_mel(pieces, self.num_rows)
        results['audio'] = audio[results['audio_seconds']] if 'audio_seconds' in results else audio
        results['front_end'] = type(self).__name__
        return results
