"""No temporal module: every frame by itself."""

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .base_temporal import BaseTemporal


@MODELS.register_module()
class IdentityTemporal(BaseTemporal):
    """Pass the features through; the default, and the control of every temporal ablation."""

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return ``features`` unchanged."""
        return features
