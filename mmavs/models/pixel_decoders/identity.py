"""No pixel decoder: the decode head merges the maps itself."""

from mmavs.models.contracts import AVSFeatures
from mmavs.registry import MODELS

from .base_pixel_decoder import BasePixelDecoder


@MODELS.register_module()
class IdentityPixelDecoder(BasePixelDecoder):
    """Pass the maps through; the default."""

    def forward(self, features: AVSFeatures) -> AVSFeatures:
        """Return ``features`` unchanged."""
        return features
