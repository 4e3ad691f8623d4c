"""TPAVI of https://github.com/OpenNLPLab/AVSBench: S4, MS3 and AVSS, ResNet-50 and PVT-v2."""

import re
from typing import Any

import torch
from torch import nn

from mmavs.models.backbones import PVTv2Stages, ResNetStages
from mmavs.models.backbones.pvt_v2 import official_to_timm
from mmavs.models.decode_heads import TPAVIHead
from mmavs.models.necks import TPAVINeck

from .base import StateDict
from .options import pvt_variant
from .renaming import RenamingConverter

BLOCK_PARTS = {'norm_layer': 'layer_norm', 'W_z.0': 'out_proj', 'W_z.1': 'out_norm'}


def level(digit: str) -> int:
    """Turn the released one-based level into an index."""
    return int(digit) - 1


class TPAVIConverter(RenamingConverter):
    """Maps ``resnet``/``encoder_backbone``, ``conv{1-4}``, ``tpavi_b{1-4}``, ``path{1-4}`` and ``output_conv``.

    Backbone, number of classes, fused stages and audio bias are read off the keys. VGGish is not part of these files.
    """

    rules = ((r'resnet\.layer[34]_2\..*', None), (r'path4\.resConfUnit1\..*', None))
    drop_reasons = (
        (r'resnet\.layer[34]_2\..*', 'second branch of the ResNet, built but never used by the released code'),
        (r'path4\.resConfUnit1\..*', 'first unit of the coarsest level, built but never used by the released code'),
    )
    renames = (
        (r'resnet\.(layer\d)(?:_1)?\.(.*)', lambda m: f'backbone.body.{m[1]}.{m[2]}'),
        (r'resnet\.(.*)', lambda m: f'backbone.body.{m[1]}'),
        (r'encoder_backbone\.(.*)', lambda m: f'backbone.body.{official_to_timm(m[1])}'),
        (r'conv(\d)\.conv2d_list\.(.*)', lambda m: f'neck.context.{level(m[1])}.convs.{m[2]}'),
        (
            r'tpavi_b(\d)\.(norm_layer|W_z\.[01])\.(.*)',
            lambda m: f'neck.blocks.{level(m[1])}.{BLOCK_PARTS[m[2]]}.{m[3]}',
        ),
        (r'tpavi_b(\d)\.(.*)', lambda m: f'neck.blocks.{level(m[1])}.{m[2]}'),
        (r'path(\d)\.resConfUnit1\.(.*)', lambda m: f'decode_head.merge.{level(m[1])}.{m[2]}'),
        (r'path(\d)\.resConfUnit2\.(.*)', lambda m: f'decode_head.refine.{level(m[1])}.{m[2]}'),
        (r'output_conv\.0\.(.*)', lambda m: f'decode_head.reduce.{m[1]}'),
        (r'output_conv\.2\.(.*)', lambda m: f'decode_head.smooth.{m[1]}'),
        (r'output_conv\.4\.(.*)', lambda m: f'decode_head.classify.{m[1]}'),
    )

    def build_target(self, source: StateDict) -> nn.Module:
        """Build backbone, neck and head of the variant that the keys show.

        Raises:
            ValueError: The file is not a TPAVI checkpoint.
        """
        options = self.read_options(source)
        channels = options['channels']
        with torch.device('meta'):
            variant = options['backbone']
            backbone = ResNetStages(50) if variant == 'resnet' else PVTv2Stages(variant)
            neck = TPAVINeck(
                backbone.out_channels, channels, 128, stages=options['stages'], align_bias=options['align_bias']
            )
            head = TPAVIHead(channels, options['num_classes'])
        return nn.ModuleDict(dict(backbone=backbone, neck=neck, decode_head=head))

    def describe(self, source: StateDict) -> dict[str, Any]:
        """Return the method and the options that the keys show."""
        return dict(method='tpavi', **self.read_options(source))

    @staticmethod
    def read_options(source: StateDict) -> dict[str, Any]:
        """Read the variant off the keys: ``backbone``, ``channels``, ``stages``, ``align_bias``, ``num_classes``.

        Raises:
            ValueError: The file is not a TPAVI checkpoint.
        """
        if 'output_conv.4.weight' not in source or 'conv1.conv2d_list.0.weight' not in source:
            raise ValueError(
                'this is no TPAVI checkpoint: it has no output_conv.4.weight and conv1.conv2d_list.0.weight'
            )
        stages = sorted({level(m[1]) for name in source if (m := re.match(r'tpavi_b(\d)\.', name))})
        return dict(
            backbone='resnet' if 'resnet.conv1.weight' in source else pvt_variant(source, 'encoder_backbone.'),
            channels=source['conv1.conv2d_list.0.weight'].shape[0],
            stages=tuple(stages),
            align_bias=any(name.endswith('align_channel.bias') for name in source),
            num_classes=source['output_conv.4.weight'].shape[0],
        )
