"""Building a model and running it on one clip."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from mmengine import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from torch import nn
from torch.nn import functional as F

from mmavs.models.pretrained import unwrap_state_dict
from mmavs.registry import MODELS, TRANSFORMS
from mmavs.structures import AVSDataSample
from mmavs.utils.dataset_config import clip_dataset

from .model_zoo import get_config

AUDIO_PREFIX = 'audio_backbone.'
READING_STEPS = ('SampleFrames', 'LoadClipFrames', 'LoadClipMasks', 'LoadAudio')


def init_model(config: str | Path | Config, checkpoint: str | None = None, device: str = 'cpu') -> nn.Module:
    """Build a model in eval mode.

    Args:
        config: Path, name in the zoo, or a loaded config.
        checkpoint: File or URL with the weights of the model; ``None`` leaves it as constructed, at random. The audio
            backbone may be absent as a whole, as it is from some released checkpoints: the model then takes
            ``audio_features``, and refuses ``audio``.
        device: Where the model goes.

    Returns:
        The model; ``model.cfg`` is its config.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        ValueError: The checkpoint belongs to another model (keys are missing, left over or of another shape) or is none.
    """
    cfg = config if isinstance(config, Config) else get_config(config)
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    model = MODELS.build(cfg.model)
    if checkpoint is not None:
        _load(model, str(checkpoint))
    model.cfg = cfg
    return model.to(device).eval()


def _load(model: nn.Module, checkpoint: str) -> None:
    weights = unwrap_state_dict(CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu'))
    audio = getattr(model, 'audio_backbone', None)
    if audio is not None and not any(name.startswith(AUDIO_PREFIX) for name in weights):
        weights.update({f'{AUDIO_PREFIX}{name}': value for name, value in audio.state_dict().items()})
        message = (
            f'checkpoint {checkpoint} holds no audio backbone ({type(audio).__name__}): give audio_features in place of audio, '
            'or put its weights into the checkpoint (convert_checkpoint.py --vggish)'
        )
        MMLogger.get_current_instance().warning(message)
        audio.register_forward_pre_hook(partial(_refuse, message))
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f'checkpoint {checkpoint} does not belong to this model: {error}') from error


def _refuse(message: str, *_: object) -> None:
    raise RuntimeError(message)


def inference_clip(model: nn.Module, frames: np.ndarray, waveform: np.ndarray, sample_rate: int) -> AVSDataSample:
    """Segment one clip, one frame per second.

    The steps of the model's test pipeline that do not read files prepare the clip, so that it is treated as in a test.

    Args:
        model: From :func:`init_model`.
        frames: ``(T, H, W, 3)`` uint8 RGB, frame ``i`` from second ``i``.
        waveform: ``(channels, n)`` or ``(n,)`` float, full scale 1, at least ``0.96 T`` seconds or what the pipeline pads.
        sample_rate: Of the waveform, in Hz.

    Returns:
        A sample with ``pred_logits`` ``(T, K, H, W)``, ``pred_masks`` ``(T, H, W)`` and, where the model has them,
        ``pred_uncertainty``, ``pred_groups`` and ``pred_response`` ``(T, H, W)``, all at the size of ``frames``.

    Raises:
        TypeError: ``frames`` are no uint8, or ``waveform`` is no floating-point array.
        ValueError: Another shape, or NaN in the waveform.
    """
    if frames.dtype != np.uint8 or not np.issubdtype(waveform.dtype, np.floating):
        raise TypeError(f'frames must be uint8 and waveform floating-point, got {frames.dtype} and {waveform.dtype}')
    if frames.ndim != 4 or frames.shape[-1] != 3 or waveform.ndim not in (1, 2) or sample_rate <= 0:
        raise ValueError(
            f'frames must be (T, H, W, 3), waveform (channels, n) or (n,) and sample_rate positive, got {frames.shape}, '
            f'{waveform.shape} and {sample_rate}'
        )
    if not np.isfinite(waveform).all():
        raise ValueError('waveform holds values that are not finite')
    pipeline = clip_dataset(model.cfg.test_dataloader.dataset).pipeline
    steps = [step for step in pipeline if step['type'] not in READING_STEPS]
    num_frames = len(frames)
    clip = dict(
        clip_id='clip',
        num_frames=num_frames,
        frames=frames,
        waveform=np.atleast_2d(waveform).astype(np.float32),
        sample_rate=sample_rate,
        audio_path='(waveform)',
        frame_annotated=[False] * num_frames,
        frame_labelled=[False] * num_frames,
        ori_shape=frames.shape[1:3],
    )
    data = pseudo_collate([Compose([TRANSFORMS.build(step) for step in steps])(clip)])
    with torch.no_grad():
        sample = model.test_step(data)[0]
    return _at_size(sample, frames.shape[1:3])


def _at_size(sample: AVSDataSample, size: tuple[int, int]) -> AVSDataSample:
    """Resize the predictions to ``size`` and decide again there."""
    logits = F.interpolate(sample.pred_logits.float(), size, mode='bilinear', align_corners=False)
    sample.pred_logits = logits
    sample.pred_masks = logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] > 0).long()
    if 'pred_uncertainty' in sample:
        uncertainty = sample.pred_uncertainty[:, None].float()
        sample.pred_uncertainty = F.interpolate(uncertainty, size, mode='bilinear', align_corners=False)[:, 0]
    for name in ('pred_groups', 'pred_response'):  # one value per token: smoothing would invent tokens
        if name in sample:
            tokens = sample.get(name)
            resized = F.interpolate(tokens[:, None].float(), size, mode='nearest')[:, 0]
            setattr(sample, name, resized.to(tokens.dtype))
    return sample
