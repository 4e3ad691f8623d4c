"""A small audio network that trains in a minute on a CPU."""

from collections.abc import Sequence

from torch import Tensor, nn

from mmavs.registry import MODELS

from .base_audio_backbone import BaseAudioBackbone


@MODELS.register_module()
class AudioCNN(BaseAudioBackbone):
    """Four 3x3 convolutions with batch norm, mean plus max pooling, one linear layer with batch norm.

    Input and output have the shapes of ``VGGish``. The embedding is standardised over the training sounds, so that what tells
    the classes apart is not small beside what they have in common.

    Args:
        channels: Width of the four convolutions; the first has stride 2, all but the last are followed by pooling.
        out_channels: ``A``.
        pretrained: Path of a tagger checkpoint (``configs/tagger``) or of a bare state dict, or ``None``.
        frozen: No gradient, always in eval mode.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: ``(B, T, 1, 96, 64)`` log-mel.
        - out: ``(B, T, A)``.
    """

    def __init__(
        self,
        channels: Sequence[int] = (24, 48, 96, 128),
        out_channels: int = 128,
        *,
        pretrained: str | None = None,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        self.out_channels = out_channels
        layers: list[nn.Module] = [nn.BatchNorm2d(1)]
        for i, (before, after) in enumerate(zip((1, *channels), channels, strict=False)):
            layers += [
                nn.Conv2d(before, after, 3, stride=2 if i == 0 else 1, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
            if i < len(channels) - 1:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.embedding = nn.Sequential(nn.Linear(channels[-1], out_channels), nn.BatchNorm1d(out_channels))
        self.freeze()

    def embed(self, examples: Tensor) -> Tensor:
        """Map ``(M, 1, 96, 64)`` to ``(M, A)``."""
        x = self.features(examples).flatten(2)
        return self.embedding(x.mean(-1) + x.amax(-1))
