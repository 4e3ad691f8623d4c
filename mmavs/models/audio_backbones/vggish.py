"""VGGish, the audio network of most audio-visual segmentation papers."""

from typing import Any

from torch import Tensor, nn

from mmavs.registry import MODELS

from .base_audio_backbone import BaseAudioBackbone


@MODELS.register_module()
class VGGish(BaseAudioBackbone):
    """VGGish without PCA and quantisation, in the layout and naming of the public PyTorch port (torchvggish).

    Each linear layer is followed by a ReLU, the last one too: the embedding is non-negative.

    Args:
        pretrained: ``'audioset'`` for the public weights, a path or URL, or ``None``.
        frozen: No gradient, always in eval mode (what the published methods do, CAVP apart).
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: ``(B, T, 1, 96, 64)`` log-mel, 96 frames of 10 ms by 64 bands.
        - out: ``(B, T, 128)``.

    Source:
        Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017.
    """

    out_channels = 128
    URLS = {'audioset': 'https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth'}
    CONV_CHANNELS = ((64,), (128,), (256, 256), (512, 512))

    def __init__(self, *, pretrained: str | None = None, frozen: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        layers: list[Any] = []
        in_channels = 1
        for group in self.CONV_CHANNELS:
            for channels in group:
                layers += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
                in_channels = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(512 * 6 * 4, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, 128),
            nn.ReLU(inplace=True),
        )
        self.freeze()

    def embed(self, examples: Tensor) -> Tensor:
        """Map ``(M, 1, 96, 64)`` to ``(M, 128)``; the features are flattened with channels last."""
        x = self.features(examples)
        return self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
