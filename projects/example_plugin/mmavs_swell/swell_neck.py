"""A neck that lets the sound of a second and its neighbours open and close channels."""

from collections.abc import Sequence

from mmavs.models.contracts import AVSFeatures
from mmavs.models.necks import BaseAVNeck
from mmavs.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F


@MODELS.register_module()
class SwellNeck(BaseAVNeck):
    """Gate the channels of each frame by its audio, averaged with the seconds before and behind.

    Args:
        in_channels: ``C_l`` of each map, finest first.
        audio_channels: ``A``.
        channels: ``C`` of all maps that are returned.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: maps ``(M, C_l, H_l, W_l)``, audio ``(B, T, A)``.
        - out: maps ``(M, C, H_l, W_l)``. A padded frame does not change any other.

    Raises:
        ValueError: Another number of maps than ``in_channels`` has entries.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        audio_channels: int,
        channels: int = 64,
        *,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.project = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.gate = nn.ModuleList(nn.Linear(audio_channels, channels) for _ in in_channels)

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Fuse all maps with the audio."""
        if len(features.maps) != len(self.project):
            raise ValueError(f'SwellNeck was built for {len(self.project)} maps, got {len(features.maps)}')
        swell = self._swell(features.audio, features.frame_valid).flatten(0, 1)  # (M, A)
        levels = zip(features.maps, self.project, self.gate, strict=True)
        return features.updated(maps=tuple(project(x) * _gate(gate, swell) for x, project, gate in levels))

    @staticmethod
    def _swell(audio: Tensor, frame_valid: Tensor) -> Tensor:
        """Average over valid neighbours: ``(B, T, A)`` to the same shape."""
        weight = frame_valid.unsqueeze(1).to(audio.dtype)  # (B, 1, T)
        total = F.avg_pool1d(audio.transpose(1, 2) * weight, 3, stride=1, padding=1)
        return (total / F.avg_pool1d(weight, 3, stride=1, padding=1).clamp_min(1e-6)).transpose(1, 2)


def _gate(gate: nn.Module, swell: Tensor) -> Tensor:
    return gate(swell).sigmoid()[:, :, None, None]
