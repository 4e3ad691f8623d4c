"""Contract of decode heads."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule

from mmavs.models.contracts import AVSFeatures, AVSOutput


class BaseAVSHead(BaseModule, metaclass=ABCMeta):
    """Turns fused features into mask logits (and, where the method has one, an uncertainty map)."""

    @abstractmethod
    def forward(self, features: AVSFeatures, size: tuple[int, int]) -> AVSOutput:
        """Decode.

        Args:
            features: Fused maps ``(M, C_l, H_l, W_l)``, finest first.
            size: ``(H, W)`` of the network input; the logits are returned at this size.
        """
