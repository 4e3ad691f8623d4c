"""VGGish: the public names are kept."""

import torch
from torch import nn

from mmavs.models.audio_backbones import VGGish

from .base import Converter, StateDict


class VGGishConverter(Converter):
    """``vggish-10086976.pth`` and copies of it; PCA tensors of the post-processor, which no method uses, are dropped."""

    rules = (
        (r'(vggish|audio_backbone)\.(.*)', r'\2'),
        (r'pproc\..*', None),
    )
    drop_reasons = ((r'pproc\..*', 'PCA post-processing, not used by any AVS method'),)

    def build_target(self, source: StateDict) -> nn.Module:
        """Build the backbone."""
        with torch.device('meta'):
            return VGGish()
