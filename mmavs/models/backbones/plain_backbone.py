"""Any registered backbone that returns a tuple of maps."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmavs.registry import MODELS
from mmavs.utils import build_module

from .base_staged_backbone import FuseStage


@MODELS.register_module()
class PlainBackbone(BaseModule):
    """Adapter for backbones that cannot be run stage by stage (``mmseg.SwinTransformer``, ``mmseg.TIMMBackbone``, ...).

    It serves every neck that works behind the backbone; a neck that works between stages needs a ``BaseStagedBackbone``.

    Args:
        body: Config (with a scope prefix such as ``mmseg.``) or module whose forward returns maps, finest first.
        out_channels: Channels of the maps.
        strides: Strides of the maps.
        init_cfg: mmengine initialisation config.
    """

    def __init__(
        self,
        body: dict | nn.Module,
        out_channels: Sequence[int],
        strides: Sequence[int] = (4, 8, 16, 32),
        *,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.body = build_module(body, MODELS)
        self.out_channels = tuple(out_channels)
        self.strides = tuple(strides)

    def forward(self, x: Tensor, fuse_stage: FuseStage | None = None) -> tuple[Tensor, ...]:
        """Map frames ``(M, 3, H, W)`` to the body's maps.

        Raises:
            ValueError: A neck wants to act between stages.
        """
        if fuse_stage is not None:
            raise ValueError(
                f'the neck works between stages, but {type(self.body).__name__} cannot be split; use ResNetStages, '
                'PVTv2Stages, EfficientNetLiteStages or a BaseStagedBackbone of your own'
            )
        return tuple(self.body(x))
