"""Contract of uncertainty branches."""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass, field

from mmengine.model import BaseModule
from torch import Tensor, nn


@dataclass
class MaskPrediction:
    """What the mask branch has computed, for branches that look at it.

    Attributes:
        logits: Mask logits ``(M, K, h, w)``.
        hidden: Input of the last layer before dropout, ``(M, C, h, w)``.
        classify: The last layer, a 1x1 convolution from ``C`` to ``K`` channels.
    """

    logits: Tensor
    hidden: Tensor
    classify: nn.Conv2d


@dataclass
class UncertaintyEstimate:
    """Result of an uncertainty branch.

    Attributes:
        uncertainty: ``(M, h, w)`` in [0, 1].
        aux: Maps ``(M, *, h, w)`` that a loss needs, by the name under which the loss looks for them.
    """

    uncertainty: Tensor
    aux: dict[str, Tensor] = field(default_factory=dict)


class BaseUncertaintyBranch(BaseModule, metaclass=ABCMeta):
    """Estimates how uncertain every pixel of the mask is; the result in eval mode is deterministic.

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
    def forward(self, x: Tensor, mask: MaskPrediction) -> UncertaintyEstimate:
        """Estimate.

        Args:
            x: The feature map ``(M, C, h, w)`` that the mask branch has seen.
            mask: What the mask branch has made of it.
        """
