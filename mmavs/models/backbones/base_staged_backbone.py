"""Contract of visual backbones."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

FuseStage = Callable[[int, Tensor], Tensor]


class BaseStagedBackbone(BaseModule, metaclass=ABCMeta):
    """A backbone that runs stage by stage, so that a neck can act between its stages.

    Sub-classes set ``out_channels`` and ``strides`` (one entry per stage, finest first) and implement ``stem``,
    ``stage_modules``, ``forward_stage`` and ``load_pretrained``.

    Args:
        pretrained: ``None``, a name the sub-class knows (``'imagenet'``), a path or a URL; read by ``init_weights``.
        frozen_stages: ``-1`` trains everything, ``0`` freezes the stem, ``n`` the stem and the first ``n`` stages. Frozen
            parts get no gradient and stay in eval mode.
        frozen: Freeze stem and all stages, whatever ``frozen_stages`` says.
        norm_eval: Keep all batch norms in eval mode during training.
        init_cfg: mmengine initialisation config.
    """

    out_channels: tuple[int, ...]
    strides: tuple[int, ...] = (4, 8, 16, 32)

    def __init__(
        self,
        *,
        pretrained: str | None = None,
        frozen_stages: int = -1,
        frozen: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        self.frozen_stages = frozen_stages
        self.frozen = frozen
        self.norm_eval = norm_eval

    @abstractmethod
    def stem(self, x: Tensor) -> Tensor:
        """Map normalised frames ``(M, 3, H, W)`` to the input of the first stage."""

    @abstractmethod
    def forward_stage(self, stage: int, x: Tensor) -> Tensor:
        """Run one stage; the result is ``(M, C_stage, H / stride, W / stride)``."""

    @abstractmethod
    def stage_modules(self, stage: int) -> list[nn.Module]:
        """Return the modules of a stage; ``-1`` means the stem."""

    @abstractmethod
    def load_pretrained(self, source: str) -> None:
        """Load the weights named by ``pretrained``."""

    def forward(self, x: Tensor, fuse_stage: FuseStage | None = None) -> tuple[Tensor, ...]:
        """Run all stages.

        Args:
            x: Normalised frames ``(M, 3, H, W)``.
            fuse_stage: ``fuse_stage(stage, map) -> map``, called behind each stage; its result is returned and feeds the
                next stage.

        Returns:
            One map per stage, finest first.
        """
        x = self.stem(x)
        maps = []
        for stage in range(len(self.out_channels)):
            x = self.forward_stage(stage, x)
            if fuse_stage is not None:
                x = fuse_stage(stage, x)
            maps.append(x)
        return tuple(maps)

    def init_weights(self) -> None:
        """Initialise as mmengine does, then load the pre-trained weights."""
        super().init_weights()
        if self.pretrained is not None:
            self.load_pretrained(self.pretrained)

    def freeze(self) -> None:
        """Switch gradients off in the frozen stages; called by ``__init__`` of a sub-class when its parts exist.

        Raises:
            ValueError: ``frozen_stages`` lies outside ``-1 .. L``.
        """
        if not -1 <= self.frozen_stages <= len(self.out_channels):
            raise ValueError(
                f'frozen_stages={self.frozen_stages}, but there are {len(self.out_channels)} stages; use -1 to '
                f'{len(self.out_channels)}'
            )
        if self.frozen:
            self.frozen_stages = len(self.out_channels)
        for module in self._frozen_modules():
            module.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> 'BaseStagedBackbone':
        """Set the mode; frozen stages and, with ``norm_eval``, batch norms stay in eval mode."""
        super().train(mode)
        if mode:
            for module in self._frozen_modules():
                module.eval()
            if self.norm_eval:
                for module in self.modules():
                    if isinstance(module, _BatchNorm):
                        module.eval()
        return self

    def _frozen_modules(self) -> list[nn.Module]:
        return [module for stage in range(-1, self.frozen_stages) for module in self.stage_modules(stage)]
