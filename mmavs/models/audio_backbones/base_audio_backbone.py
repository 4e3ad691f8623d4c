"""Contract of audio backbones."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule
from torch import Tensor

from mmavs.models.pretrained import load_exactly, read_weights

CHECKPOINT_PREFIX = 'audio_backbone.'


class BaseAudioBackbone(BaseModule, metaclass=ABCMeta):
    """Maps one audio example per frame to one vector per frame.

    Sub-classes set ``out_channels`` and implement ``embed``.

    Args:
        pretrained: ``None``, a key of ``URLS``, a path or a URL. A file may be a bare state dict of the backbone, or a
            checkpoint of a model that has it as ``audio_backbone`` (an ``AudioTagger``, say).
        frozen: No gradient, always in eval mode.
        init_cfg: mmengine initialisation config.
    """

    out_channels: int
    URLS: dict[str, str] = {}

    def __init__(self, *, pretrained: str | None = None, frozen: bool = False, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        self.frozen = frozen

    @abstractmethod
    def embed(self, examples: Tensor) -> Tensor:
        """Map examples ``(M, ...)``, ``(M, 1, 96, 64)`` for log-mels, to vectors ``(M, A)``."""

    def forward(self, audio: Tensor) -> Tensor:
        """Map ``(B, T, ...)``, one example per frame, to ``(B, T, A)``."""
        return self.embed(audio.flatten(0, 1)).unflatten(0, audio.shape[:2])

    def init_weights(self) -> None:
        """Initialise as mmengine does, then load the pre-trained weights."""
        super().init_weights()
        if self.pretrained is None:
            return
        source = self.URLS.get(self.pretrained, self.pretrained)
        weights = read_weights(source)
        if weights is None:
            return
        if any(name.startswith(CHECKPOINT_PREFIX) for name in weights):
            weights = {
                name.removeprefix(CHECKPOINT_PREFIX): value
                for name, value in weights.items()
                if name.startswith(CHECKPOINT_PREFIX)
            }
        load_exactly(self, weights, source)

    def freeze(self) -> None:
        """Switch gradients off if ``frozen``; called by ``__init__`` of a sub-class when its layers exist."""
        if self.frozen:
            self.requires_grad_(False)
            self.eval()

    def train(self, mode: bool = True) -> 'BaseAudioBackbone':
        """Set the mode; a frozen backbone stays in eval mode."""
        return super().train(mode and not self.frozen)
