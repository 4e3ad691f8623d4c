import pytest
import torch
from torch import nn

from mmavs.models.layers import FeedForward, TransformerLayer

WIDTH, HEADS = 16, 4


def twin(activation, cross):
    """A layer of mmavs and PyTorch's own with the same weights."""
    torch.manual_seed(0)
    options = dict(dim_feedforward=32, dropout=0.0, activation=activation, batch_first=True)
    ours = TransformerLayer(WIDTH, HEADS, 32, dropout=0.0, activation=activation, cross_attention=cross)
    reference = (nn.TransformerDecoderLayer if cross else nn.TransformerEncoderLayer)(WIDTH, HEADS, **options)
    names = {'multihead_attn': 'cross_attn', 'linear1': 'ffn.linear1', 'linear2': 'ffn.linear2', 'norm1': 'self_norm'}
    names |= {'norm2': 'cross_norm', 'norm3': 'ffn_norm'} if cross else {'norm2': 'ffn_norm'}
    state = {}
    for name, value in reference.state_dict().items():
        head, _, rest = name.partition('.')
        state[f'{names.get(head, head)}.{rest}'] = nn.init.normal_(value.clone(), std=0.3)
    reference.load_state_dict(dict(zip(reference.state_dict(), state.values(), strict=True)))
    ours.load_state_dict(state)
    return ours, reference


@pytest.mark.parametrize('activation', ['relu', 'gelu'])
def test_without_position_codes_it_is_the_layer_of_pytorch(activation):
    x, memory = torch.randn(2, 5, WIDTH), torch.randn(2, 7, WIDTH)
    padding, memory_padding = torch.rand(2, 5) > 0.7, torch.rand(2, 7) > 0.7
    ours, reference = twin(activation, cross=False)
    torch.testing.assert_close(ours(x, padding=padding), reference(x, src_key_padding_mask=padding))
    ours, reference = twin(activation, cross=True)
    expected = reference(x, memory, memory_key_padding_mask=memory_padding)
    torch.testing.assert_close(ours(x, memory, memory_padding=memory_padding), expected)


def test_position_codes_reach_queries_and_keys_only():
    ours, _ = twin('relu', cross=True)
    x, memory = torch.randn(2, 5, WIDTH), torch.randn(2, 7, WIDTH)
    pos, memory_pos = torch.randn(5, WIDTH), torch.randn(7, WIDTH)

    def attention(module, query, key, value):
        """Plain multi-head attention."""
        parts = (
            t.unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for t in (
                nn.functional.linear(source, weight, bias)
                for source, weight, bias in zip(
                    (query, key, value), module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3), strict=True
                )
            )
        )
        q, k, v = parts
        attended = (q @ k.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5).softmax(-1) @ v
        return module.out_proj(attended.transpose(1, 2).flatten(2))

    y = ours.self_norm(x + attention(ours.self_attn, x + pos, x + pos, x))
    y = ours.cross_norm(y + attention(ours.cross_attn, y + pos, memory + memory_pos, memory))
    expected = ours.ffn_norm(y + ours.ffn.linear2(ours.ffn.linear1(y).relu()))
    torch.testing.assert_close(ours(x, memory, pos=pos, memory_pos=memory_pos), expected)


def test_a_padded_token_is_not_read():
    ours, _ = twin('relu', cross=True)
    x, memory = torch.randn(2, 5, WIDTH), torch.randn(2, 7, WIDTH)
    padding = torch.arange(7) >= torch.tensor([[4], [7]])
    expected = ours(x, memory, memory_padding=padding)
    memory[0, 4:] = 1e3
    torch.testing.assert_close(ours(x, memory, memory_padding=padding), expected)


def test_misuse_is_named():
    with pytest.raises(ValueError, match=r"activation must be one of \['gelu', 'relu'\], got 'tanh'"):
        FeedForward(4, 8, activation='tanh')
    x = torch.randn(1, 2, WIDTH)
    with pytest.raises(ValueError, match='memory is absent'):
        TransformerLayer(WIDTH, HEADS, cross_attention=True)(x)
    with pytest.raises(ValueError, match='memory is given'):
        TransformerLayer(WIDTH, HEADS)(x, x)
