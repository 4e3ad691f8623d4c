"""Contract of combinations of a mask with its uncertainty."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor


class BaseCombination(BaseModule, metaclass=ABCMeta):
    """Lowers the confidence of a mask where it is uncertain.

    What is fitted on the validation split (``tools/calibrate_uncertainty.py``) are scalar buffers, so that they travel with
    the checkpoint.

    Attributes:
        keeps_decisions: No value of the buffers ever changes which class a pixel gets.
        fitted: Names of the buffers to fit; empty if there is nothing.
    """

    keeps_decisions: bool = False
    fitted: tuple[str, ...] = ()

    @abstractmethod
    def forward(self, mask_logits: Tensor, uncertainty: Tensor) -> Tensor:
        """Combine.

        Args:
            mask_logits: ``(M, K, H, W)``; class 0 is the background if ``K > 1``.
            uncertainty: ``(M, H, W)`` in [0, 1].

        Returns:
            Logits ``(M, K, H, W)``, float32, whose sigmoid or softmax is the combined prediction.
        """

    def candidates(self, levels: Sequence[float]) -> list[dict[str, float]]:
        """Return values of the fitted buffers worth trying, the neutral ones first; one empty dict if nothing is fitted.

        Args:
            levels: Ascending quantiles of the uncertainty on the data of the fit; the last one is near its maximum.
        """
        return [{}]

    def set_fitted(self, **values: float) -> None:
        """Write values into the fitted buffers.

        Raises:
            ValueError: Other names than those of ``fitted``.
        """
        if set(values) != set(self.fitted):
            raise ValueError(f'{type(self).__name__} has the fitted buffers {self.fitted}, got {sorted(values)}')
        for name, value in values.items():
            getattr(self, name).fill_(value)

    def extra_repr(self) -> str:
        """Show the fitted buffers."""
        return ', '.join(f'{name}={getattr(self, name)}' for name in self.fitted)
