"""The audio network of CAVP for 3 s of sound."""

import torchvision
from torch import Tensor, nn

from mmavs.models.pretrained import load_exactly, read_weights
from mmavs.registry import MODELS

from .base_audio_backbone import BaseAudioBackbone

_NEW_LAYERS = ('conv1.', 'fc.')  # other shapes than the picture network's


@MODELS.register_module()
class MelResNet18(BaseAudioBackbone):
    """ResNet-18 over a mel spectrogram of one or two channels, with maximum pooling, in torchvision's layout and naming.

    Args:
        in_channels: 1, or 2 for stereo.
        out_channels: ``A``.
        pretrained: ``'imagenet'`` for torchvision's weights, which the published network starts from (first convolution and
            linear layer start from random values), a path or URL of a state dict, or ``None``.
        frozen: No gradient, always in eval mode.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: ``(B, T, in_channels, rows, 64)`` as ``CAVPMel`` gives it, 300 rows for 3 s.
        - out: ``(B, T, A)``.

    Raises:
        ValueError: A spectrogram with another number of channels.

    Source: CAVP (cyh-0), ``models/audio``.
    """

    URLS = {'imagenet': torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url}

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 304,
        *,
        pretrained: str | None = None,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.body = torchvision.models.resnet18(num_classes=out_channels)
        self.body.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.body.avgpool = nn.AdaptiveMaxPool2d(1)
        self.freeze()

    def init_weights(self) -> None:
        """Initialise as mmengine does, then load the pre-trained weights."""
        if self.pretrained != 'imagenet':
            super().init_weights()
            return
        weights = read_weights(self.URLS['imagenet'])
        if weights is None:
            return
        own = {name: value for name, value in self.body.state_dict().items() if name.startswith(_NEW_LAYERS)}
        taken = {name: value for name, value in weights.items() if not name.startswith(_NEW_LAYERS)}
        load_exactly(self.body, {**own, **taken}, 'imagenet')

    def embed(self, examples: Tensor) -> Tensor:
        """Map ``(M, in_channels, rows, 64)`` to ``(M, A)``."""
        if examples.shape[1] != self.in_channels:
            raise ValueError(
                f'MelResNet18 has {self.in_channels} input channels, the audio is {tuple(examples.shape)}; set stereo of '
                'MixSources and CAVPMel and in_channels alike'
            )
        return self.body(examples)
