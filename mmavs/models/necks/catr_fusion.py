"""The temporal side of CATR: audio-visual encoder layers over a clip, and the gate that combines their outputs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmavs.models.layers import TransformerLayer, attend


class MultiplicativeAttention(nn.Module):
    """Cross-attention whose result multiplies its query.

    Args:
        channels: ``C``.
        num_heads: Attention heads.
        squared: Multiply twice, ``x a^2``, as the published code does; else ``x a``.
    """

    def __init__(self, channels: int, num_heads: int, *, squared: bool) -> None:
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(channels, num_heads, batch_first=True)
        self.squared = squared

    def forward(self, x: Tensor, memory: Tensor, padding: Tensor, memory_pos: Tensor | None = None) -> Tensor:
        """Let ``x`` ``(B, n, C)`` read ``memory`` ``(B, m, C)`` where ``padding`` ``(B, m)`` is false."""
        attended = attend(self.multihead_attn, x, memory, memory_pos=memory_pos, memory_padding=padding)
        return x * (attended.square() if self.squared else attended)


class TemporalAVLayer(nn.Module):
    """Self-attention within each frame, then pixels of the clip read its audio, then audio reads the pixels.

    Args:
        channels: ``C``.
        num_heads: Heads of the self-attention.
        fusion_heads: Heads of the two fusions.
        ffn_channels: Width inside the feed-forward part.
        dropout: Rate in the self-attention part.
        updates_audio: Whether audio reads the pixels; off in the last layer, whose audio nobody reads.
        official_squared_fusion: See ``MultiplicativeAttention``.
        official_first_frame_audio: Take the audio tokens as they come out of the first frame's self-attention for the whole
            clip, as the published code does by a ``zip`` of unequal lengths; ``False`` averages them over the frames.
    """

    def __init__(
        self,
        channels: int,
        *,
        num_heads: int,
        fusion_heads: int,
        ffn_channels: int,
        dropout: float,
        updates_audio: bool,
        official_squared_fusion: bool,
        official_first_frame_audio: bool,
    ) -> None:
        super().__init__()
        self.layer = TransformerLayer(channels, num_heads, ffn_channels, dropout=dropout)
        self.av_atten = MultiplicativeAttention(channels, fusion_heads, squared=official_squared_fusion)
        self.va_atten: MultiplicativeAttention | None = None
        if updates_audio:
            self.va_atten = MultiplicativeAttention(channels, fusion_heads, squared=official_squared_fusion)
        self.official_first_frame_audio = official_first_frame_audio

    def forward(
        self, tokens: Tensor, pos: Tensor, padding: Tensor, frame_valid: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Run the layer.

        Args:
            tokens: Per frame its ``N`` pixels, then the ``T`` audio tokens of its clip: ``(M, N + T, C)``.
            pos: Position code ``(N + T, C)``, zero on audio.
            padding: ``(M, N + T)`` bool, true on audio tokens of padded frames.
            frame_valid: ``(B, T)`` bool.

        Returns:
            Pixels ``(M, N, C)``, and the tokens for the next layer, ``None`` where audio is not updated.
        """
        num_clips, num_frames = frame_valid.shape
        num_pixels = tokens.shape[1] - num_frames
        pixels, audio = self.layer(tokens, pos=pos, padding=padding).split([num_pixels, num_frames], dim=1)
        pixels = pixels.unflatten(0, (num_clips, num_frames)).flatten(1, 2)
        audio = self._clip_audio(audio.unflatten(0, (num_clips, num_frames)), frame_valid)
        pixels = self.av_atten(pixels, audio, ~frame_valid)
        per_frame = pixels.unflatten(1, (num_frames, num_pixels)).flatten(0, 1)
        if self.va_atten is None:
            return per_frame, None
        pixel_padding = (~frame_valid).repeat_interleave(num_pixels, dim=1)
        audio = self.va_atten(audio, pixels, pixel_padding, memory_pos=pos[:num_pixels].repeat(num_frames, 1))
        return per_frame, torch.cat((per_frame, to_every_frame(audio)), dim=1)

    def _clip_audio(self, audio: Tensor, frame_valid: Tensor) -> Tensor:
        """Reduce the audio tokens of every frame ``(B, T, T, C)`` to those of the clip ``(B, T, C)``."""
        if self.official_first_frame_audio:
            return audio[:, 0]
        weight = frame_valid[:, :, None, None].to(audio.dtype)
        return (audio * weight).sum(1) / weight.sum(1).clamp(min=1)


def to_every_frame(audio: Tensor) -> Tensor:
    """Give each frame all audio tokens of its clip: ``(B, T, C)`` to ``(M, T, C)``."""
    return audio[:, None].expand(-1, audio.shape[1], -1, -1).flatten(0, 1)


class BlockGate(nn.Module):
    """Combines the outputs of three layers with two gates made of neighbouring outputs.

    Args:
        channels: ``C``.
        official_second_gate: Make the second gate of the first one, as the published code does by a wrong variable name; it
            then is the mean over both channels of the sigmoid of the first gate. ``False`` makes it of the second and third
            output.
    """

    def __init__(self, channels: int, *, official_second_gate: bool) -> None:
        super().__init__()
        self.attention_feature = nn.Conv2d(2 * channels, 2, 3, padding=1)
        self.output1 = _conv_norm_act(channels)
        self.output2 = _conv_norm_act(channels)
        self.official_second_gate = official_second_gate

    def forward(self, outputs: Sequence[Tensor]) -> Tensor:
        """Map three maps ``(M, C, H, W)`` to one."""
        first, second, third = outputs
        gate = self._gate(first, second)
        second_gate = (
            gate.sigmoid().mean(1, keepdim=True) if self.official_second_gate else self._gate(second, third)[:, :1]
        )
        return self.output2(self.output1(gate[:, :1] * second) + second_gate * third)

    def _gate(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``(M, 2, 1, 1)`` in (0, 1); the first channel is the gate."""
        return self.attention_feature(torch.cat((a, b), dim=1)).sigmoid().mean((-2, -1), keepdim=True)


def _conv_norm_act(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.PReLU())
