"""Contract of uncertainty branches."""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass, field

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

Size = tuple[int, int]


def at_size(x: Tensor, size: Size) -> Tensor:
    """Resize ``x`` ``(M, C, h, w)`` bilinearly to ``(M, C, *size)``."""
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


@dataclass
class MaskPrediction:
    """What the mask branch has computed, for branches that look at it.

    Attributes:
        logits: Mask logits at the output's size, ``(M, K, H, W)``.
        hidden: Input of the last layer before dropout, at the size of the map, ``(M, C, h, w)``.
        classify: The last layer, a 1x1 convolution from ``C`` to ``K`` channels.
    """

    logits: Tensor
    hidden: Tensor
    classify: nn.Conv2d


@dataclass
class UncertaintyEstimate:
    """Result of an uncertainty branch.

    Attributes:
        uncertainty: ``(M, H, W)`` in [0, 1].
        aux: Maps ``(M, *, *, *)`` that a loss needs, by the name under which the loss looks for them.
    """

    uncertainty: Tensor
    aux: dict[str, Tensor] = field(default_factory=dict)


class BaseUncertaintyBranch(BaseModule, metaclass=ABCMeta):
    """Estimates how uncertain every pixel of the mask is; the result in eval mode is deterministic.

    What is linear is resized to the output, and the uncertainty read off there: a boundary, where resized logits pass through
    zero between two confident pixels of the map, would be lost in a resized uncertainty, and most errors lie on boundaries.

    Args:
        channels: ``C`` of the feature map.
        num_classes: ``K`` of the mask logits; 1 for one binary logit.
        dropout: Dropout rate of the head's branches.
        init_cfg: mmengine initialisation config.
    """

    def __init__(
        self, channels: int, num_classes: int = 1, dropout: float = 0.0, *, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.channels = channels
        self.num_classes = num_classes
        self.dropout = dropout

    @abstractmethod
    def forward(self, x: Tensor, mask: MaskPrediction, size: Size) -> UncertaintyEstimate:
        """Estimate.

        Args:
            x: The feature map ``(M, C, h, w)`` that the mask branch has seen.
            mask: What the mask branch has made of it.
            size: ``(H, W)`` of the output.
        """
