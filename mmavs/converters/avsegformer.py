"""AVSegFormer of https://github.com/vvvb-github/AVSegFormer: S4, MS3 and AVSS, ResNet-50 and PVT-v2."""

from typing import Any

import torch
from torch import Tensor, nn

from mmavs.models.audio_backbones import VGGish
from mmavs.models.backbones import PVTv2Stages, ResNetStages
from mmavs.models.backbones.pvt_v2 import official_to_timm
from mmavs.models.decode_heads import AVSegFormerHead
from mmavs.models.necks import AVSegFormerNeck

from .base import StateDict
from .options import count, pvt_variant
from .renaming import RenamingConverter

LEVELS_PER_POINT = 3 * 4  # the released models read four places on each of three levels
NORMS = {'norm1': 'self_norm', 'norm2': 'ffn_norm'}
DECODER_NORMS = {'norm1': 'self_norm', 'norm2': 'cross_norm', 'norm3': 'ffn_norm'}
QUERY_NORMS = {'norm1': 'self_norm', 'norm2': 'audio_norm', 'norm3': 'ffn_norm'}
LINEARS = {'0': 'linear1', '2': 'linear2'}
HEAD_CONVS = {'0': 'reduce', '2': 'smooth', '4': 'classify'}
MIX = {'0': 'query_mix', '1': 'hidden', '2': 'out'}
ENCODER = r'head\.transformer\.encoder\.layers\.(\d+)\.'
DECODER = r'head\.transformer\.decoder\.layers\.(\d+)\.'
GENERATOR = r'head\.query_generator\.layers\.(\d+)\.'


class AVSegFormerConverter(RenamingConverter):
    """Maps ``backbone``, ``vggish``, ``audio_proj`` and ``head``.

    Backbone, widths, depths and number of classes are read off the shapes. VGGish is part of these files. Of the query
    generator's attention to the single audio token only the value projection has an effect; query and key rows of that
    matrix are left out.
    """

    UNUSED = r'head\.(fpn|attn_fc)\..*'
    rules = ((r'backbone\.layer[34]_2\..*', None), (UNUSED, None), (r'vggish\.pproc\..*', None))
    drop_reasons = (
        (r'backbone\.layer[34]_2\..*', 'second branch of the ResNet, built but never used by the released code'),
        (UNUSED, 'built but never used by the released code'),
        (r'vggish\.pproc\..*', 'PCA post-processing, not used by any AVS method'),
    )
    renames = (
        (
            r'backbone\.(patch_embed\d|block\d|norm\d)\.(.*)',
            lambda m: f'backbone.body.{official_to_timm(f"{m[1]}.{m[2]}")}',
        ),
        (r'backbone\.(layer\d)(?:_1)?\.(.*)', lambda m: f'backbone.body.{m[1]}.{m[2]}'),
        (r'backbone\.(.*)', lambda m: f'backbone.body.{m[1]}'),
        (r'vggish\.(.*)', lambda m: f'audio_backbone.{m[1]}'),
        (r'audio_proj\.(.*)', lambda m: f'neck.audio_proj.{m[1]}'),
        (r'head\.in_proj\.(.*)', lambda m: f'neck.projections.{m[1]}'),
        (r'head\.level_embed', lambda m: 'neck.level_embed'),
        (ENCODER + r'(norm\d)\.(.*)', lambda m: f'neck.encoder.{m[1]}.{NORMS[m[2]]}.{m[3]}'),
        (ENCODER + r'(linear\d\..*)', lambda m: f'neck.encoder.{m[1]}.ffn.{m[2]}'),
        (ENCODER + r'(.*)', lambda m: f'neck.encoder.{m[1]}.{m[2]}'),
        (r'head\.lateral_conv\.(.*)', lambda m: f'neck.lateral.{m[1]}'),
        (r'head\.out_conv\.(.*)', lambda m: f'neck.merge.{m[1]}'),
        (r'head\.fusion_block\.(.*)', lambda m: f'neck.mixer.{m[1]}'),
        (r'head\.learnable_query\.(.*)', lambda m: f'decode_head.learnable_query.{m[1]}'),
        (
            GENERATOR + r'cross_attn\.in_proj_weight',
            lambda m: f'decode_head.generator.layers.{m[1]}.audio_value.weight',
        ),
        (GENERATOR + r'cross_attn\.out_proj\.(.*)', lambda m: f'decode_head.generator.layers.{m[1]}.audio_out.{m[2]}'),
        (GENERATOR + r'ffn\.(\d)\.(.*)', lambda m: f'decode_head.generator.layers.{m[1]}.ffn.{LINEARS[m[2]]}.{m[3]}'),
        (GENERATOR + r'(norm\d)\.(.*)', lambda m: f'decode_head.generator.layers.{m[1]}.{QUERY_NORMS[m[2]]}.{m[3]}'),
        (r'head\.query_generator\.(.*)', lambda m: f'decode_head.generator.{m[1]}'),
        (DECODER + r'(norm\d)\.(.*)', lambda m: f'decode_head.decoder.{m[1]}.{DECODER_NORMS[m[2]]}.{m[3]}'),
        (DECODER + r'(linear\d\..*)', lambda m: f'decode_head.decoder.{m[1]}.ffn.{m[2]}'),
        (DECODER + r'(.*)', lambda m: f'decode_head.decoder.{m[1]}.{m[2]}'),
        (r'head\.mlp\.layers\.(\d)\.(.*)', lambda m: f'decode_head.mix.{MIX[m[1]]}.{m[2]}'),
        (r'head\.fc\.(\d)\.(.*)', lambda m: f'decode_head.{HEAD_CONVS[m[1]]}.{m[2]}'),
    )

    def convert_tensor(self, name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
        """Keep the value rows of the attention to the audio token; reshape 1x1 convolutions."""
        if name.endswith('audio_value.weight') and tensor.shape[0] == 3 * shape[0]:
            return tensor[2 * shape[0] :].clone()
        return super().convert_tensor(name, tensor, shape)

    def build_target(self, source: StateDict) -> nn.Module:
        """Build backbones, neck and head of the variant that the keys show.

        Raises:
            ValueError: The file is not an AVSegFormer checkpoint.
        """
        options = self.read_options(source)
        shared = dict(channels=options['channels'], num_heads=options['num_heads'])
        with torch.device('meta'):
            variant = options['backbone']
            backbone = ResNetStages(50) if variant == 'resnet' else PVTv2Stages(variant)
            neck = AVSegFormerNeck(backbone.out_channels, **shared, **options['neck'])
            head = AVSegFormerHead(num_classes=options['num_classes'], **shared, **options['decode_head'])
            audio = VGGish()
        return nn.ModuleDict(dict(backbone=backbone, audio_backbone=audio, neck=neck, decode_head=head))

    def describe(self, source: StateDict) -> dict[str, Any]:
        """Return the method and the options that the keys show."""
        return dict(method='avsegformer', **self.read_options(source))

    @staticmethod
    def read_options(source: StateDict) -> dict[str, Any]:
        """Read the variant off keys and shapes.

        Returns:
            ``backbone``, ``channels``, ``num_heads``, ``num_classes``, and under ``neck`` and ``decode_head`` the remaining
            arguments of these parts.

        Raises:
            ValueError: The file is not an AVSegFormer checkpoint.
        """
        needed = (
            'head.transformer.encoder.layers.0.self_attn.attention_weights.weight',
            'head.query_generator.layers.0.ffn.0.weight',
            'head.learnable_query.weight',
            'head.fusion_block.q_proj.weight',
            'audio_proj.weight',
        )
        absent = [name for name in needed if name not in source]
        if absent:
            raise ValueError(f'this is no AVSegFormer checkpoint: it has no {absent}')
        size = {name: value.shape for name, value in source.items()}
        encoder, decoder = 'head.transformer.encoder.layers.', 'head.transformer.decoder.layers.'
        return dict(
            backbone='resnet' if 'backbone.conv1.weight' in source else pvt_variant(source, 'backbone.'),
            channels=size['audio_proj.weight'][0],
            num_heads=size[needed[0]][0] // LEVELS_PER_POINT,
            num_classes=size['head.fc.4.weight'][0],
            neck=dict(
                audio_channels=size['audio_proj.weight'][1],
                num_layers=count(source, encoder),
                ffn_channels=size[f'{encoder}0.linear1.weight'][0],
            ),
            decode_head=dict(
                num_queries=size['head.learnable_query.weight'][0],
                num_generator_layers=count(source, 'head.query_generator.layers.'),
                num_layers=count(source, decoder),
                generator_ffn_channels=size[needed[1]][0],
                ffn_channels=size[f'{decoder}0.linear1.weight'][0],
                mix_channels=size['head.mlp.layers.0.weight'][0],
                smooth_channels=size['head.fc.2.weight'][0],
            ),
        )
