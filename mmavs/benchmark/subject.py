"""A model of a config and one clip, ready to be measured."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from mmavs.apis import get_config, init_model
from mmavs.models.segmentors import AVSegmentor
from mmavs.structures import AVSDataSample

from .settings import BenchmarkSettings
from .timing import Task

LOG_MEL = (1, 96, 64)
FORWARDS_PER_ROUND = 2


class Subject:
    """Model with random weights, optimiser and a synthetic clip.

    Random weights cost what trained ones cost: no part skips work because of its values. Weight files are never read.

    Args:
        config: Path, or name in the zoo.
        settings: Conditions.

    Attributes:
        name: Name of the config.
        size: ``(H, W)`` of the frames.

    Raises:
        ValueError: The model of the config is no segmentor, it has no losses though the training step is wanted, or the size
            of its frames is unknown.
    """

    def __init__(self, config: str, settings: BenchmarkSettings) -> None:
        cfg = get_config(config)
        self.settings = settings
        self.name = config_name(config)
        self.size = settings.size or pipeline_size(cfg)
        torch.manual_seed(0)
        self.model = init_model(cfg, device=settings.device)
        if not isinstance(self.model, AVSegmentor):
            raise ValueError(
                f'{config} builds a {type(self.model).__name__}; the benchmark measures AVSegmentor models'
            )
        if settings.train_step and not self.model.losses:
            raise ValueError(f'{config} has no losses, so it has no training step; add --no-train-step')
        if settings.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.inputs, self.samples = self._make_clip()
        self.optim_wrapper = self._build_optimizer(cfg) if settings.train_step else None
        self._eager_segment = self.model.segment
        if settings.compile:
            self.model.segment = torch.compile(self.model.segment)

    def _make_clip(self) -> tuple[dict[str, Tensor], list[AVSDataSample]]:
        """One clip of noise in which a square sounds; the inputs are what ``AVSDataPreprocessor`` gives."""
        frames, device, (height, width) = self.settings.frames, self.settings.device, self.size
        generator = torch.Generator().manual_seed(0)
        clip = torch.randn(1, frames, 3, height, width, generator=generator)
        if self.settings.channels_last:
            clip = clip.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
        if self.settings.audio_features:
            audio = torch.rand(1, frames, self.model.audio_backbone.out_channels, generator=generator)
        else:
            audio = torch.randn(1, frames, *LOG_MEL, generator=generator)
        valid = torch.ones(frames, dtype=torch.bool)
        masks = torch.zeros(frames, height, width, dtype=torch.long)
        masks[:, height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = 1
        sample = AVSDataSample(gt_masks=masks, frame_valid=valid, frame_annotated=valid)
        key = 'audio_features' if self.settings.audio_features else 'audio'
        inputs = {'frames': clip, key: audio, 'frame_valid': valid[None]}
        return {name: value.to(device) for name, value in inputs.items()}, [sample.to(device)]

    def _build_optimizer(self, cfg: Config) -> OptimWrapper:
        """Build the optimiser of the config; its precision is that of the settings, the same for all models."""
        wrapper = dict(cfg.optim_wrapper)
        for key in ('dtype', 'loss_scale', 'use_fp16'):  # of the mixed precision that the config may ask for
            wrapper.pop(key, None)
        if self.settings.amp == 'fp16':
            wrapper.update(type='AmpOptimWrapper', dtype='float16')
        else:
            wrapper['type'] = 'BF16OptimWrapper' if self.settings.amp == 'bf16' else 'OptimWrapper'
        with errors_only():
            return build_optim_wrapper(self.model, wrapper)

    def forward(self) -> Tensor:
        """Run the network as in a test, without gradient; return the logits ``(1, T, K, H, W)``."""
        settings = self.settings
        with torch.no_grad(), torch.autocast(settings.device_type, settings.dtype, enabled=settings.amp is not None):
            return self.model(self.inputs, mode='tensor')

    def train_step(self) -> Tensor:
        """Forward pass, all losses, backward pass and optimiser step; return the total loss."""
        with self.optim_wrapper.optim_context(self.model):
            losses = self.model(self.inputs, self.samples, mode='loss')
        total = sum(losses.values())
        self.optim_wrapper.update_params(total)
        return total.detach()

    def tasks(self) -> dict[str, Task]:
        """What is timed, by name: ``'forward'`` and, where wanted, ``'train'``."""
        tasks = {'forward': Task(self.forward, prepare=self.model.eval, runs=FORWARDS_PER_ROUND)}
        if self.settings.train_step:
            tasks['train'] = Task(self.train_step, prepare=self.model.train)
        return tasks

    def parameters(self) -> dict[str, int]:
        """Count the parameters: ``trainable`` and ``all``."""
        counts = [(p.numel(), p.requires_grad) for p in self.model.parameters()]
        return dict(trainable=sum(n for n, trains in counts if trains), all=sum(n for n, _ in counts))

    def resident_bytes(self) -> int:
        """Bytes of parameters and buffers."""
        return sum(t.numel() * t.element_size() for t in (*self.model.parameters(), *self.model.buffers()))

    def flops_per_frame(self) -> float:
        """Count the floating-point operations of a forward pass, two per multiply-add, divided by ``T``.

        Matrix products, convolutions and attention count; element-wise operations, norms and sampling do not. The network runs
        uncompiled here, since the counter does not see into compiled code.
        """
        self.model.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            self._eager_segment(self.inputs)
        return counter.get_total_flops() / self.settings.frames


@contextmanager
def errors_only() -> Iterator[None]:
    """Silence the line per parameter that mmengine logs or warns of where an optimiser has options by parameter."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')
    try:
        yield
    finally:
        logger.setLevel(level)


def config_name(config: str) -> str:
    """Name of a config in tables: its file name without the ending."""
    return config.replace('\\', '/').rsplit('/', 1)[-1].removesuffix('.py')


def pipeline_size(cfg: Config) -> tuple[int, int]:
    """Return the size to which the test pipeline of a config brings the frames.

    Raises:
        ValueError: The config has no ``ResizeClip`` there.
    """
    size = _find_size(cfg.get('test_dataloader'))
    if size is None:
        raise ValueError(f'the test pipeline of {cfg.filename} has no ResizeClip with a size; give one with --size HxW')
    return size


def _find_size(node: Any) -> tuple[int, int] | None:
    """Look for the ``size`` of the last ``ResizeClip`` in a nested config."""
    if isinstance(node, Mapping):
        if str(node.get('type')).endswith('ResizeClip') and 'size' in node:
            return tuple(node['size'])
        node = list(node.values())
    if isinstance(node, list | tuple):
        found = [size for size in map(_find_size, node) if size is not None]
        return found[-1] if found else None
    return None
