"""Audio from disk: wav files and the pickled log-mels of AVSBench."""

import io
import os
import pickle
from collections import OrderedDict
from typing import Any

import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from mmavs.audio import NUM_BANDS, NUM_EXAMPLE_FRAMES, pad_or_cut_examples, read_wav
from mmavs.registry import TRANSFORMS
from mmavs.utils.reading import unreadable


@TRANSFORMS.register_module()
class LoadAudio(BaseTransform):
    """Read the wav file of a clip.

    Reads ``audio_path``; adds ``waveform`` ``(channels, n)`` float32 numpy, ``sample_rate`` in Hz, and ``waveform_source``
    (the path, as long as no transform has changed the waveform).

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is empty, truncated or not wav, see :func:`mmavs.audio.read_wav`.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``waveform`` and ``sample_rate``."""
        path = results['audio_path']
        if path.endswith('.pkl'):
            raise ValueError(f"LoadAudio reads wav files, got {path!r}; use LoadLogMelPickle with audio='log_mel'")
        results['waveform'], results['sample_rate'] = read_wav(path)
        results['waveform_source'] = path
        return results


# Start of a file of torch.save: a zip archive, or before torch 1.6 a pickled magic number.
_TORCH_SAVE = (b'PK', b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.')


def _encode(text: str, encoding: str) -> bytes:
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'it encodes bytes as {encoding!r}, expected latin1')
    return text.encode('latin1')


def _load_storage(data: bytes) -> object:
    return torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)


class _TensorUnpickler(pickle.Unpickler):
    """Unpickler that can build a tensor and nothing else."""

    allowed = {
        ('torch._utils', '_rebuild_tensor_v2'): torch._utils._rebuild_tensor_v2,
        ('torch._utils', '_rebuild_parameter'): torch._utils._rebuild_parameter,
        ('torch.storage', '_load_from_bytes'): _load_storage,
        ('collections', 'OrderedDict'): OrderedDict,
        ('_codecs', 'encode'): _encode,  # how pickle protocols 0 to 2 write bytes
    }

    def find_class(self, module: str, name: str) -> object:
        try:
            return self.allowed[module, name]
        except KeyError as error:
            raise pickle.UnpicklingError(f'it asks for {module}.{name}, which is no part of a tensor') from error


def read_log_mel_pickle(path: str | os.PathLike) -> Tensor:
    """Read a pickled log-mel tensor without running anything that the file may bring along.

    Both containers are read: ``pickle.dump(tensor)``, as the published files are, and ``torch.save``.

    Args:
        path: The file.

    Returns:
        ``(n, 1, 96, 64)`` float32 without gradient (the published tensors require one).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is empty, damaged, holds anything but a tensor of plain numbers, has another shape, or holds NaN.
    """
    path = os.fspath(path)
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        remedy = "restore it; with audio='wav' the log-mel is computed from the wav file instead"
        raise unreadable('log-mel', path, error, remedy) from error
    remedy = "use audio='wav', which computes the log-mel from the wav file"
    try:
        if data.startswith(_TORCH_SAVE):
            log_mel = torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
        else:
            log_mel = _TensorUnpickler(io.BytesIO(data)).load()
    except Exception as error:  # a damaged stream fails in any of a dozen ways
        raise ValueError(f'log-mel file {path!r} cannot be read safely as one tensor ({error}); {remedy}') from error
    if not isinstance(log_mel, Tensor):
        raise ValueError(f'log-mel file {path!r} holds a {type(log_mel).__name__}, expected a tensor; {remedy}')
    if log_mel.dim() != 4 or log_mel.shape[1:] != (1, NUM_EXAMPLE_FRAMES, NUM_BANDS):
        raise ValueError(f'log-mel file {path!r} has shape {tuple(log_mel.shape)}, expected (n, 1, 96, 64); {remedy}')
    plain = log_mel.layout == torch.strided and log_mel.device.type == 'cpu' and log_mel.is_floating_point()
    if not plain or log_mel.untyped_storage().nbytes() < log_mel.numel() * log_mel.element_size():
        # a shape that the stored numbers do not fill would be repeated or invented, up to any size
        raise ValueError(f'log-mel file {path!r} is no tensor of plain numbers, one for each value; {remedy}')
    log_mel = log_mel.detach().float()
    if not log_mel.isfinite().all():
        raise ValueError(f'log-mel file {path!r} holds NaN or infinite values; {remedy}')
    return log_mel


@TRANSFORMS.register_module()
class LoadLogMelPickle(BaseTransform):
    """Read the pickled log-mel of a clip (a dataset with ``audio='log_mel'``).

    Reads ``audio_path`` and ``num_frames`` (or ``audio_seconds``, see ``SampleFrames``); adds ``audio`` ``(T, 1, 96, 64)``.
    Surplus examples are dropped: files that were padded to 10 examples serve clips of 5 frames.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: See :func:`read_log_mel_pickle`; or fewer examples than the clip has seconds.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``audio``."""
        path = results['audio_path']
        log_mel = read_log_mel_pickle(path)
        seconds = results.get('num_seconds', results['num_frames'])
        if log_mel.shape[0] < seconds:
            raise ValueError(
                f"log-mel file {path!r} has {log_mel.shape[0]} examples, the clip has {seconds} seconds; use audio='wav'"
            )
        log_mel = pad_or_cut_examples(log_mel, seconds)
        results['audio'] = log_mel[results['audio_seconds']] if 'audio_seconds' in results else log_mel
        return results
