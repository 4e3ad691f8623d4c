"""Contract of temporal modules."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule

from mmavs.models.contracts import AVSFeatures


class BaseTemporal(BaseModule, metaclass=ABCMeta):
    """Exchange information between the frames of a clip, after fusion and before the decode head.

    A padded frame (``features.frame_valid`` false) must not change any valid frame.
    """

    @abstractmethod
    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return features whose maps have the shapes of ``features.maps``."""
