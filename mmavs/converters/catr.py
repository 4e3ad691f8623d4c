"""CATR of https://github.com/aspirinone/CATR.github.io: PVT-v2, and ResNet-50 in the layout of TPAVI's code."""

from typing import Any

import torch
from torch import nn

from mmavs.models.backbones import PVTv2Stages, ResNetStages
from mmavs.models.backbones.pvt_v2 import official_to_timm
from mmavs.models.decode_heads import CATRHead
from mmavs.models.necks import CATRNeck

from .base import StateDict
from .options import count, pvt_variant
from .renaming import RenamingConverter

ENCODER_NORMS = {'norm1': 'self_norm', 'norm2': 'ffn_norm'}
DECODER_NORMS = {'norm1': 'self_norm', 'norm2': 'cross_norm', 'norm3': 'ffn_norm'}
GATE_PARTS = {'attention_feature.0': 'attention_feature', 'output1': 'output1', 'output2': 'output2'}
KERNELS = {'0': '0', '1': '2'}
AUDIO = {'fc': '0', 'layer_norm': '1'}
BACKBONE = r'(?:resnet|encoder_backbone)\.'
SPATIAL = r'transformer\.spatial_encoder\.layers\.(\d+)\.'
TEMPORAL = r'transformer\.temporal_encoder\.'
LAYER = TEMPORAL + r'layers\.(\d+)\.'
DECODER = r'transformer\.decoder\.layers\.(\d+)\.'
DROPPED = (
    (BACKBONE + r'layer[34]_2\..*', 'second branch of the ResNet, built but never used by the released code'),
    (r'conv1\..*', 'map of the finest stage, made but never read by the released code'),
    (r'path\d\..*', 'top-down blocks taken over from TPAVI, built but never used by the released code'),
    (r'fusion_module\..*', 'built but never used by the released code'),
    (r'.*\.vid_embed_proj\..*', 'convolution inside the fusion modules, built but never used by the released code'),
    (
        TEMPORAL + r'[av]{2}_atten\..*',
        'fusion of the whole temporal encoder, built but never used by the released code',
    ),
    (TEMPORAL + r'layers\.2\.va_atten\..*', 'update of audio that no further layer reads'),
    (TEMPORAL + r'layers\.(?:[3-9]|\d\d+)\..*', 'the gate reads the first three layers only'),
)


class CATRConverter(RenamingConverter):
    """Maps ``encoder_backbone``, ``conv{2-4}``, ``vid_embed_proj``, ``obj_queries``, ``transformer`` and the heads.

    Backbone, widths and depths are read off keys and shapes; the number of attention heads cannot be (8 is assumed). VGGish
    is not part of these files.
    """

    rules = tuple((pattern, None) for pattern, _ in DROPPED)
    drop_reasons = DROPPED
    renames = (
        (BACKBONE + r'((?:patch_embed|block|norm)\d\..*)', lambda m: f'backbone.body.{official_to_timm(m[1])}'),
        (BACKBONE + r'(layer\d)(?:_1)?\.(.*)', lambda m: f'backbone.body.{m[1]}.{m[2]}'),
        (BACKBONE + r'(.*)', lambda m: f'backbone.body.{m[1]}'),
        (r'conv(\d)\.conv2d_list\.(.*)', lambda m: f'neck.context.{int(m[1]) - 1}.convs.{m[2]}'),
        (r'vid_embed_proj\.(.*)', lambda m: f'neck.vid_proj.{m[1]}'),
        (r'transformer\.audio_proj\.(fc|layer_norm)\.(.*)', lambda m: f'neck.audio_proj.{AUDIO[m[1]]}.{m[2]}'),
        (SPATIAL + r'(norm\d)\.(.*)', lambda m: f'neck.spatial_encoder.{m[1]}.{ENCODER_NORMS[m[2]]}.{m[3]}'),
        (SPATIAL + r'(linear\d\..*)', lambda m: f'neck.spatial_encoder.{m[1]}.ffn.{m[2]}'),
        (SPATIAL + r'(.*)', lambda m: f'neck.spatial_encoder.{m[1]}.{m[2]}'),
        (LAYER + r'([av]{2}_atten\..*)', lambda m: f'neck.temporal_encoder.{m[1]}.{m[2]}'),
        (LAYER + r'(norm\d)\.(.*)', lambda m: f'neck.temporal_encoder.{m[1]}.layer.{ENCODER_NORMS[m[2]]}.{m[3]}'),
        (LAYER + r'(linear\d\..*)', lambda m: f'neck.temporal_encoder.{m[1]}.layer.ffn.{m[2]}'),
        (LAYER + r'(.*)', lambda m: f'neck.temporal_encoder.{m[1]}.layer.{m[2]}'),
        (TEMPORAL + r'(attention_feature\.0|output[12])\.(.*)', lambda m: f'neck.gate.{GATE_PARTS[m[1]]}.{m[2]}'),
        (DECODER + r'(norm\d)\.(.*)', lambda m: f'decode_head.layers.{m[1]}.{DECODER_NORMS[m[2]]}.{m[3]}'),
        (DECODER + r'(linear\d\..*)', lambda m: f'decode_head.layers.{m[1]}.ffn.{m[2]}'),
        (DECODER + r'multihead_attn\.(.*)', lambda m: f'decode_head.layers.{m[1]}.cross_attn.{m[2]}'),
        (DECODER + r'(.*)', lambda m: f'decode_head.layers.{m[1]}.{m[2]}'),
        (r'transformer\.decoder\.norm\.(.*)', lambda m: f'decode_head.norm.{m[1]}'),
        (r'obj_queries\.(.*)', lambda m: f'decode_head.queries.{m[1]}'),
        (r'spatial_decoder\.lay(\d)\.(.*)', lambda m: f'decode_head.mask_features.convs.{int(m[1]) - 1}.0.{m[2]}'),
        (r'spatial_decoder\.gn(\d)\.(.*)', lambda m: f'decode_head.mask_features.convs.{int(m[1]) - 1}.1.{m[2]}'),
        (r'spatial_decoder\.adapter(\d)\.(.*)', lambda m: f'decode_head.mask_features.laterals.{int(m[1]) - 1}.{m[2]}'),
        (r'spatial_decoder\.out_lay\.(.*)', lambda m: f'decode_head.mask_features.out.{m[1]}'),
        (r'is_referred_head\.(.*)', lambda m: f'decode_head.score.{m[1]}'),
        (r'instance_kernels_head\.layers\.(\d)\.(.*)', lambda m: f'decode_head.kernels.{KERNELS[m[1]]}.{m[2]}'),
    )

    def build_target(self, source: StateDict) -> nn.Module:
        """Build backbone, neck and head of the variant that the keys show.

        Raises:
            ValueError: The file is not a CATR checkpoint.
        """
        options = self.read_options(source)
        shared = dict(channels=options['channels'], ffn_channels=options['ffn_channels'])
        with torch.device('meta'):
            variant = options['backbone']
            backbone = ResNetStages(50) if variant == 'resnet' else PVTv2Stages(variant)
            neck = CATRNeck(backbone.out_channels, **shared, **options['neck'])
            head = CATRHead(**shared, **options['decode_head'])
        return nn.ModuleDict(dict(backbone=backbone, neck=neck, decode_head=head))

    def describe(self, source: StateDict) -> dict[str, Any]:
        """Return the method and the options that the keys show."""
        return dict(method='catr', **self.read_options(source))

    @staticmethod
    def read_options(source: StateDict) -> dict[str, Any]:
        """Read the variant off keys and shapes.

        Returns:
            ``backbone``, ``channels``, ``ffn_channels``, and under ``neck`` and ``decode_head`` the remaining arguments of
            these parts.

        Raises:
            ValueError: The file is not a CATR checkpoint.
        """
        needed = (
            'transformer.audio_proj.fc.weight',
            'transformer.spatial_encoder.layers.0.linear1.weight',
            'obj_queries.weight',
            'spatial_decoder.out_lay.weight',
        )
        absent = [name for name in needed if name not in source]
        if absent:
            raise ValueError(f'this is no CATR checkpoint: it has no {absent}')
        resnet = any(f'{prefix}conv1.weight' in source for prefix in ('resnet.', 'encoder_backbone.'))
        audio, linear, queries, out = (source[name].shape for name in needed)
        return dict(
            backbone='resnet' if resnet else pvt_variant(source, 'encoder_backbone.'),
            channels=audio[0],
            ffn_channels=linear[0],
            neck=dict(audio_channels=audio[1], num_layers=count(source, 'transformer.spatial_encoder.layers.')),
            decode_head=dict(
                num_queries=queries[0],
                kernel_channels=out[0],
                num_layers=count(source, 'transformer.decoder.layers.'),
            ),
        )
