import pytest
import torch

from mmavs.models.layers import build_context


def test_dilations_larger_than_the_map_equal_the_padded_convolution():
    torch.manual_seed(0)
    context = build_context('dilated', 8, 16)
    for size in (2, 7, 13, 20):
        x = torch.randn(2, 8, size, size)
        torch.testing.assert_close(context(x), sum(conv(x) for conv in context.convs), rtol=1e-4, atol=1e-6)
    context(torch.randn(1, 8, 2, 2)).sum().backward()
    assert all(conv.weight.grad.shape == conv.weight.shape for conv in context.convs)


def test_pointwise_sees_one_position_and_brings_maps_of_any_scale_to_unit_deviation():
    torch.manual_seed(0)
    context = build_context('pointwise', 8, 16)
    x = 13 * torch.randn(4, 8, 9, 9)
    out = context(x)
    torch.testing.assert_close(out.std((0, 2, 3), correction=0), torch.ones(16), rtol=1e-3, atol=1e-3)
    changed = x.clone()
    changed[:, :, 0, 0] = 0
    context.eval()
    differs = (context(changed) != context(x)).any(1).any(0)
    assert differs.nonzero().tolist() == [[0, 0]]


def test_an_unknown_context_is_refused():
    with pytest.raises(ValueError, match="context must be 'dilated' or 'pointwise', got 'conv'"):
        build_context('conv', 8, 16)
