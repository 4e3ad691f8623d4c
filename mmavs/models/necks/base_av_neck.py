"""Contract of necks."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule
from torch import Tensor

from mmavs.models.contracts import AVSFeatures


class BaseAVNeck(BaseModule, metaclass=ABCMeta):
    """Audio-visual fusion, behind the backbone or between its stages.

    A neck that sets ``between_stages = True`` overrides ``fuse_stage`` as well; the segmentor then calls it behind every
    stage and feeds its result to the next one. ``context.aux`` is the place for state carried from stage to stage; it is
    found again in ``features.aux`` of ``forward``. A padded frame must not change any valid frame.
    """

    between_stages: bool = False

    @abstractmethod
    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Fuse all maps ``(M, C_l, H_l, W_l)`` with ``features.audio`` ``(B, T, A)``."""

    def fuse_stage(self, stage: int, x: Tensor, context: AVSFeatures) -> Tensor:
        """Fuse the map ``x`` ``(M, C_stage, H, W)`` of one stage; the result has the same shape."""
        return x
