"""Transformer layers in the post-norm form of the published audio-visual methods."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS = {'relu': F.relu, 'gelu': F.gelu}


class FeedForward(nn.Module):
    """Two linear layers with an activation between them; the caller adds the residual.

    Args:
        channels: ``C``.
        hidden_channels: Width between the layers.
        dropout: Rate behind the activation and behind the second layer.
        activation: ``'relu'`` or ``'gelu'`` (the exact one).

    Raises:
        ValueError: Another activation.
    """

    def __init__(
        self,
        channels: int,
        hidden_channels: int,
        dropout: float = 0.0,
        activation: Literal['relu', 'gelu'] = 'relu',
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f'FeedForward: activation must be one of {sorted(ACTIVATIONS)}, got {activation!r}')
        self.linear1 = nn.Linear(channels, hidden_channels)
        self.linear2 = nn.Linear(hidden_channels, channels)
        self.dropout = nn.Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., C)`` to ``(..., C)``."""
        return self.dropout(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerLayer(nn.Module):
    """Self-attention, optional cross-attention and feed-forward, each followed by residual and layer norm.

    Position codes are added to queries and keys, never to values (DETR). Attention is the fused one of PyTorch, which does
    not hold the attention matrix.

    Args:
        channels: ``C``.
        num_heads: Attention heads.
        ffn_channels: Width inside the feed-forward part.
        dropout: Rate on attention weights and on every residual branch.
        activation: Of the feed-forward part.
        cross_attention: Whether the layer attends to a memory (a decoder layer) or not (an encoder layer).

    Source:
        Carion et al., "End-to-end object detection with transformers", ECCV 2020.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int = 8,
        ffn_channels: int = 2048,
        *,
        dropout: float = 0.1,
        activation: Literal['relu', 'gelu'] = 'relu',
        cross_attention: bool = False,
    ) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(channels, num_heads, dropout=dropout, batch_first=True)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_attn: nn.MultiheadAttention | None = None
        if cross_attention:
            self.cross_attn = nn.MultiheadAttention(channels, num_heads, dropout=dropout, batch_first=True)
            self.cross_norm = nn.LayerNorm(channels)
        self.ffn = FeedForward(channels, ffn_channels, dropout, activation)
        self.ffn_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        *,
        pos: Tensor | None = None,
        memory_pos: Tensor | None = None,
        padding: Tensor | None = None,
        memory_padding: Tensor | None = None,
    ) -> Tensor:
        """Run the layer.

        Args:
            x: Tokens ``(M, n, C)``.
            memory: What the cross-attention reads ``(M, m, C)``.
            pos: Position code of ``x``, broadcast to ``(M, n, C)``.
            memory_pos: Position code of ``memory``.
            padding: ``(M, n)`` bool, true where a token of ``x`` must not be read.
            memory_padding: ``(M, m)`` bool, true where a token of ``memory`` must not be read.

        Returns:
            ``(M, n, C)``.

        Raises:
            ValueError: A memory for a layer without cross-attention, or none for one with it.
        """
        if (memory is None) != (self.cross_attn is None):
            raise ValueError(
                'TransformerLayer: give a memory exactly when the layer was built with cross_attention=True; '
                f'memory is {"absent" if memory is None else "given"}'
            )
        x = self.self_norm(x + self.dropout(attend(self.self_attn, x, x, pos, pos, padding)))
        if self.cross_attn is not None:
            attended = attend(self.cross_attn, x, memory, pos, memory_pos, memory_padding)
            x = self.cross_norm(x + self.dropout(attended))
        return self.ffn_norm(x + self.ffn(x))


def attend(
    attention: nn.MultiheadAttention,
    x: Tensor,
    memory: Tensor,
    pos: Tensor | None = None,
    memory_pos: Tensor | None = None,
    memory_padding: Tensor | None = None,
    need_weights: bool = False,
) -> Tensor:
    """Let ``x`` ``(M, n, C)`` read ``memory`` ``(M, m, C)``, position codes added to queries and keys.

    With ``need_weights`` the attention matrix is formed (and dropped), which is PyTorch's default and slower.
    """
    query = x if pos is None else x + pos
    key = query if memory is x and memory_pos is pos else memory if memory_pos is None else memory + memory_pos
    return attention(query, key, memory, key_padding_mask=memory_padding, need_weights=need_weights)[0]
