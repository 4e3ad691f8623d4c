"""Contract of losses."""

from abc import ABCMeta, abstractmethod

from torch import Tensor, nn

from mmavs.models.contracts import AVSOutput, AVSTargets


class BaseAVSLoss(nn.Module, metaclass=ABCMeta):
    """A named, weighted loss term.

    Args:
        loss_weight: Factor of the term.
        loss_name: Key in the log; a ``loss`` in it makes mmengine add the term to the total.

    Raises:
        ValueError: A name without ``loss``, whose term would silently not be trained.
    """

    def __init__(self, loss_weight: float = 1.0, loss_name: str | None = None) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name or self.default_name
        if 'loss' not in self.loss_name:
            raise ValueError(f'loss_name {self.loss_name!r} must contain "loss", else mmengine only logs the term')

    default_name: str = 'loss'

    @abstractmethod
    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar."""

    def forward(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the weighted scalar."""
        return self.loss_weight * self.compute(output, targets)
