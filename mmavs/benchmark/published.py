"""The published computations of TPAVI, CATR and AVSegFormer, written down step by step, to measure the own forms against.

They use the weights of the modules they stand in for. What the released codes compute and then drop (a context map that nobody
reads, the last update of audio, the auxiliary feature pyramid) is left out, which favours the published side.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest import mock

import torch
from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch
from torch import Tensor
from torch.nn import functional as F

from mmavs.models.decode_heads import avsegformer_head
from mmavs.models.layers import DilatedContext, deformable_attention, transformer
from mmavs.models.necks import avsegformer_neck, catr_fusion, tpavi_neck

attend = partial(transformer.attend, need_weights=True)  # the released codes ask for the weights


def sample_levels(value: Tensor, shapes: Sequence[tuple[int, int]], locations: Tensor, weights: Tensor) -> Tensor:
    """Deformable attention as it runs without the compiled operator: the samples of all levels are held at once."""
    return multi_scale_deformable_attn_pytorch(value, torch.tensor(shapes, device=value.device), locations, weights)


def sum_dilated(self: DilatedContext, x: Tensor) -> Tensor:
    """Dilated convolutions in the memory order of the backbone, also where only their centre meets the map."""
    total = self.convs[0](x)
    for conv in self.convs[1:]:
        total += conv(x)
    return total


def quadratic_block(self: tpavi_neck.TPAVIBlock, *args: Tensor) -> Tensor:
    """TPAVI with the matrix of all pairs of positions."""
    with mock.patch.object(self, 'attention', 'quadratic'):
        return OWN_BLOCK(self, *args)


def block_gate(self: catr_fusion.BlockGate, outputs: Sequence[Tensor]) -> Tensor:
    """CATR's gate with the second convolution, whose result the released code overlooks."""
    first, second, third = outputs
    pooled = F.adaptive_avg_pool2d(self.attention_feature(torch.cat((first, second), 1)).sigmoid(), 1)
    other = self.attention_feature(torch.cat((second, third), 1))
    if self.official_second_gate:
        other = F.adaptive_avg_pool3d(pooled.sigmoid(), 1)
    else:
        other = F.adaptive_avg_pool2d(other.sigmoid(), 1)[:, :1]
    width = (1, second.shape[1], 1, 1)
    return self.output2(self.output1(pooled[:, :1].repeat(width) * second) + other.repeat(width) * third)


def mix_channels(self: avsegformer_neck.ChannelMixer, x: Tensor, audio: Tensor) -> Tensor:
    """AVSegFormer's mixer with keys and values of all pixels."""
    pixels = x.flatten(2).transpose(1, 2)
    key, value = self.kv_proj(pixels).unflatten(-1, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
    query = self.q_proj(audio).unflatten(-1, (self.num_heads, 1, -1))
    attention = (query @ key.transpose(-2, -1) * key.shape[-1] ** -0.5).softmax(-1)
    gate = self.proj((attention @ value).flatten(1)).sigmoid()
    return x * gate[:, :, None, None]


def query_layer(self: avsegformer_head.AudioQueryLayer, query: Tensor, audio: Tensor) -> Tensor:
    """AVSegFormer's generator layer with an attention to the single audio token; its weights are 1, whatever makes the keys."""
    query = self.self_norm(query + attend(self.self_attn, query, query))
    x, token, value = query.transpose(0, 1), audio.transpose(0, 1), self.audio_value.weight
    heads, width = self.self_attn.num_heads, value.shape[0]
    attended, _ = F.multi_head_attention_forward(
        x, token, token, width, heads, torch.cat((value, value, value)), None, None, None, False, 0.0,
        self.audio_out.weight, None, training=False,
    )  # fmt: skip
    query = self.audio_norm(query + attended.transpose(0, 1))
    return self.ffn_norm(query + self.ffn(query))


def generate_queries(self: avsegformer_head.AudioQueryGenerator, audio: Tensor) -> Tensor:
    """AVSegFormer's generator with a copy of the queries for each frame from the start."""
    query = self.query.weight[None].repeat(len(audio), 1, 1)
    for layer in self.layers:
        query = layer(query, audio)
    return query


def mix_queries(self: avsegformer_head.QueryPixelMLP, query: Tensor, x: Tensor) -> Tensor:
    """AVSegFormer's mixing network over the products of all queries with each pixel."""
    products = torch.einsum('bqc,bchw->bqhw', query, x)
    hidden = F.relu(F.conv2d(products, self.query_mix.weight[:, :, None, None], self.query_mix.bias))
    return self.out(F.relu(self.hidden(hidden)))


OWN_BLOCK = tpavi_neck.TPAVIBlock.forward
REPLACED: tuple[tuple[object, str, Callable], ...] = (
    (transformer, 'attend', attend),
    (catr_fusion, 'attend', attend),
    (deformable_attention, 'multi_scale_deformable_attention', sample_levels),
    (DilatedContext, 'forward', sum_dilated),
    (tpavi_neck.TPAVIBlock, 'forward', quadratic_block),
    (catr_fusion.BlockGate, 'forward', block_gate),
    (avsegformer_neck.ChannelMixer, 'forward', mix_channels),
    (avsegformer_head.AudioQueryLayer, 'forward', query_layer),
    (avsegformer_head.AudioQueryGenerator, 'forward', generate_queries),
    (avsegformer_head.QueryPixelMLP, 'forward', mix_queries),
)


@contextmanager
def published_computation() -> Iterator[None]:
    """Let the networks compute as published inside; forward passes only."""
    with ExitStack() as stack:
        for owner, name, function in REPLACED:
            stack.enter_context(mock.patch.object(owner, name, function))
        yield
