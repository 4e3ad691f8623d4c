"""Contract of pixel decoders."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule

from mmavs.models.contracts import AVSFeatures


class BasePixelDecoder(BaseModule, metaclass=ABCMeta):
    """Merge the maps of all stages, frame by frame, after fusion and before the temporal module.

    A padded frame (``features.frame_valid`` false) must be zero in the result.
    """

    @abstractmethod
    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return features with other ``maps``, finest first; often a single map."""
