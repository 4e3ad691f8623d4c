"""An audio backbone without convolutions."""

import torch
from mmavs.models.audio_backbones import BaseAudioBackbone
from mmavs.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class SwellAudio(BaseAudioBackbone):
    """Level and movement of every mel band, mapped by one linear layer.

    Args:
        out_channels: ``A``.
        pretrained: Path of a state dict, or ``None``.
        frozen: No gradient, always in eval mode.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: ``(B, T, 1, 96, 64)`` log-mel.
        - out: ``(B, T, A)``.
    """

    def __init__(
        self,
        out_channels: int = 64,
        *,
        pretrained: str | None = None,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        self.out_channels = out_channels
        self.bands = nn.Linear(2 * 64, out_channels)
        self.freeze()

    def embed(self, examples: Tensor) -> Tensor:
        """Map ``(M, 1, 96, 64)`` to ``(M, A)``."""
        bands = examples.squeeze(1)
        level = bands.mean(dim=1)
        movement = bands.diff(dim=1).abs().mean(dim=1)
        return self.bands(torch.cat((level, movement), dim=-1)).relu()
