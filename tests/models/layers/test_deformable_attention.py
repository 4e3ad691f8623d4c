import math

import pytest
import torch

from mmavs.models.layers import (
    DeformableEncoderLayer,
    LevelGeometry,
    MultiScaleDeformableAttention,
    deformable_attention,
    multi_scale_deformable_attention,
)

mmcv_reference = pytest.importorskip('mmcv.ops.multi_scale_deform_attn').multi_scale_deformable_attn_pytorch

SHAPES = ((4, 5), (2, 3))
TOKENS = 26


def arguments(frames=2, heads=2, width=3, queries=4, points=2):
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(frames, TOKENS, heads, width, generator=generator)
    locations = torch.rand(frames, queries, heads, len(SHAPES), points, 2, generator=generator) * 1.4 - 0.2
    weights = torch.rand(frames, queries, heads, len(SHAPES), points, generator=generator)
    return value, locations, weights


def sample(level, x, y):
    """Bilinear sample of ``level`` (H, W, C') at a place in [0, 1], zero outside."""
    height, width = level.shape[:2]
    column, row = x * width - 0.5, y * height - 0.5
    total = torch.zeros(level.shape[-1])
    for i in (math.floor(row), math.floor(row) + 1):
        for j in (math.floor(column), math.floor(column) + 1):
            if 0 <= i < height and 0 <= j < width:
                total += level[i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return total


def plain(value, locations, weights):
    frames, queries, heads, levels, points, _ = locations.shape
    result = torch.zeros(frames, queries, heads, value.shape[-1])
    starts = [0, SHAPES[0][0] * SHAPES[0][1], TOKENS]
    for m in range(frames):
        for n in range(queries):
            for h in range(heads):
                for i in range(levels):
                    level = value[m, starts[i] : starts[i + 1], h].unflatten(0, SHAPES[i])
                    for p in range(points):
                        x, y = locations[m, n, h, i, p].tolist()
                        result[m, n, h] += weights[m, n, h, i, p] * sample(level, x, y)
    return result.flatten(2)


def test_attention_equals_a_loop_over_samples_and_the_one_of_mmcv():
    value, locations, weights = arguments()
    result = multi_scale_deformable_attention(value, SHAPES, locations, weights)
    torch.testing.assert_close(result, plain(value, locations, weights), rtol=1e-4, atol=1e-5)
    expected = mmcv_reference(value, torch.tensor(SHAPES), locations, weights)
    torch.testing.assert_close(result, expected)


def test_the_compiled_operator_gets_what_it_needs(monkeypatch):
    class Operator:
        @staticmethod
        def apply(value, sizes, starts, locations, weights, im2col_step):
            assert starts.tolist() == [0, 20]
            assert len(value) % min(len(value), im2col_step) == 0  # what the operator demands
            assert all(t.is_contiguous() for t in (value, locations, weights))
            return mmcv_reference(value, sizes, locations, weights)

    monkeypatch.setattr(deformable_attention, 'HAS_COMPILED_OPERATOR', True)
    monkeypatch.setattr(deformable_attention, 'MultiScaleDeformableAttnFunction', Operator)
    value, locations, weights = arguments(frames=80)  # 16 clips of five frames
    expected = multi_scale_deformable_attention(value, SHAPES, locations, weights)
    monkeypatch.setattr(torch.Tensor, 'is_cuda', property(lambda self: True), raising=False)
    torch.testing.assert_close(multi_scale_deformable_attention(value, SHAPES, locations, weights), expected)


@pytest.mark.parametrize(('frames', 'step'), [(1, 1), (40, 40), (64, 64), (80, 40), (128, 64), (67, 1)])
def test_the_compiled_operator_takes_equal_parts_of_the_frames(frames, step):
    assert deformable_attention.im2col_step(frames) == step


def test_geometry_has_the_pixel_centres_of_all_levels():
    geometry = LevelGeometry(SHAPES, 'cpu')
    assert geometry.centres.shape == (TOKENS, 2)
    torch.testing.assert_close(geometry.centres[0], torch.tensor([0.5 / 5, 0.5 / 4]))
    torch.testing.assert_close(geometry.centres[6], torch.tensor([1.5 / 5, 1.5 / 4]))
    torch.testing.assert_close(geometry.centres[-1], torch.tensor([2.5 / 3, 1.5 / 2]))
    assert geometry.sizes.tolist() == [[5, 4], [3, 2]]


def test_at_the_start_each_head_reads_its_direction_with_even_weights():
    attention = MultiScaleDeformableAttention(8, num_levels=2, num_heads=4, num_points=3)
    offsets = attention.sampling_offsets(torch.randn(8)).unflatten(0, (4, 2, 3, 2))
    for head, direction in enumerate([(1, 0), (0, 1), (-1, 0), (0, -1)]):
        for point in range(3):
            expected = (point + 1) * torch.tensor(direction).float().expand(2, 2)
            torch.testing.assert_close(offsets[head, :, point], expected, atol=1e-5, rtol=0)
    assert attention.attention_weights(torch.randn(8)).abs().max() == 0


def test_places_move_by_pixels_of_each_level():
    torch.manual_seed(0)
    attention = MultiScaleDeformableAttention(8, num_levels=2, num_heads=2, num_points=1)
    torch.nn.init.normal_(attention.sampling_offsets.weight)
    torch.nn.init.normal_(attention.attention_weights.weight)
    geometry = LevelGeometry(SHAPES, 'cpu')
    query, tokens = torch.randn(2, 1, TOKENS, 8)
    offsets = attention.sampling_offsets(query).view(1, TOKENS, 2, 2, 1, 2)
    sizes = torch.tensor([[5.0, 4.0], [3.0, 2.0]]).view(2, 1, 2)
    locations = geometry.centres.view(1, TOKENS, 1, 1, 1, 2) + offsets / sizes
    weights = attention.attention_weights(query).view(1, TOKENS, 2, 2).softmax(-1).view(1, TOKENS, 2, 2, 1)
    value = attention.value_proj(tokens).view(1, TOKENS, 2, 4)
    expected = attention.output_proj(plain(value, locations, weights))
    torch.testing.assert_close(attention(query, tokens, geometry), expected, rtol=1e-4, atol=1e-5)


def test_places_are_exact_under_bf16():
    torch.manual_seed(0)
    layer = DeformableEncoderLayer(8, 1, num_heads=2, ffn_channels=16, dropout=0.0)
    geometry = LevelGeometry(((1, 200),), 'cpu')
    tokens = torch.randn(1, 200, 8)
    seen = []
    original = deformable_attention.multi_scale_deformable_attention
    deformable_attention.multi_scale_deformable_attention = lambda *args: seen.append(args) or original(*args)
    try:
        with torch.autocast('cpu', torch.bfloat16):
            layer(tokens, torch.zeros(200, 8), geometry)
    finally:
        deformable_attention.multi_scale_deformable_attention = original
    _, _, locations, weights = seen[0]
    assert locations.dtype == weights.dtype == torch.float32
    assert len(locations[0, :, 0, 0, 0, 0].unique()) == 200


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match='channels=10 must be a multiple of num_heads=4'):
        MultiScaleDeformableAttention(10, 2, num_heads=4)
