"""One stage of AMA: attend inside groups, merge by response, update, map back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .group_attention import RESPONSES, group_mean, group_softmax, group_sum, merge_heads, split_heads
from .stagewise_neck import AudioMLP

GUIDED_STEPS = ('merge', 'update', 'map')


@dataclass
class AMAStage:
    """What AMA leaves of one stage in ``aux['ama_stages']`` for the next stage, the losses and the pictures.

    Attributes:
        maps: Fused map ``(M, C, H, W)``.
        groups: Group of each token ``(M, H, W)``, long.
        scores: Audio response ``S`` of each token before any squashing ``(M, H, W)``.
        compact: Compact representation ``G`` ``(M, P, D)``.
    """

    maps: Tensor
    groups: Tensor
    scores: Tensor
    compact: Tensor


class CompactUpdate(nn.Module):
    """``G + W softmax(q(G) k(f)^T / sqrt(d) + S) v(f)``, then ``G + FFN(LN(G))``.

    Args:
        channels: ``D``.
        num_heads: Heads.
        ffn_ratio: Hidden width of the FFN over ``D``.
    """

    def __init__(self, channels: int, num_heads: int, ffn_ratio: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.out = nn.Linear(channels, channels)
        self.ffn = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, ffn_ratio * channels),
            nn.GELU(),
            nn.Linear(ffn_ratio * channels, channels),
        )

    def forward(self, compact: Tensor, tokens: Tensor, scores: Tensor | None) -> Tensor:
        """Update the groups from all tokens of their frame.

        Args:
            compact: ``(M, P, D)``.
            tokens: ``(M, N, D)``.
            scores: Audio response ``(M, N)`` added to every row of the attention logits, or ``None``.

        Returns:
            ``(M, P, D)``.
        """
        query, key, value = (
            split_heads(x, self.num_heads)
            for x in (self.query(self.query_norm(compact)), self.key(tokens), self.value(tokens))
        )
        bias = None
        if scores is not None:
            bias = scores[:, None, None, :].to(query.dtype).expand(-1, self.num_heads, compact.shape[1], -1)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        compact = compact + self.out(merge_heads(attended))
        return compact + self.ffn(compact)


class AMABlock(nn.Module):
    """Audio-guided visual convergent alignment of one stage.

    With ``f`` the layer-normed tokens of a frame, ``c`` their groups and ``a`` the audio of the frame:

    1. ``s_h = response(q_h(a), k_h(f))``, ``S`` its mean over heads;
    2. ``A_g`` = attention of the audio over the tokens of group ``g`` (softmax of ``s_h`` inside the group);
    3. ``G_g = sum_{i in g} w_i f_i + W_o A_g + W_c (what the previous stage knew about these tokens)`` with ``w`` the
       softmax of ``S`` inside the group;
    4. ``G <- G + softmax(G f^T / sqrt(d) + S) f`` with linear maps, then an FFN (``CompactUpdate``);
    5. ``x_i <- x_i + gamma * sigmoid(S_i) W_m G_{c_i}``.

    Args:
        channels: ``C`` of the stage's map.
        audio_channels: ``A``.
        num_groups: ``P``.
        width: ``D``, the width in which the block works; ``None`` for ``C``.
        previous_width: ``D`` of the stage before, ``None`` at the first fused stage or to carry nothing on.
        num_heads: Heads of both attentions.
        response: ``'dot'`` as published or ``'cosine'`` with learnt scale and bias.
        guide: Where the response acts: ``'merge'`` (step 3; uniform weights without), ``'update'`` (``S`` in step 4) and
            ``'map'`` (the sigmoid of step 5). Empty: grouping alone, the step of the ablation before guided merging.
        num_updates: How often step 4 is repeated.
        ffn_ratio: Hidden width of the FFN over ``D``.
        gamma: Start of the learnt factor of step 5.

    Raises:
        ValueError: ``width`` is no multiple of ``num_heads``, or an unknown ``response`` or ``guide``.

    Source:
        "Robust Audio-Visual Segmentation via Audio-Guided Visual Convergent Alignment", CVPR 2025 (no public code); each
        choice the paper leaves open is listed in ``docs/en/ama.md``.
    """

    def __init__(
        self,
        channels: int,
        audio_channels: int,
        num_groups: int,
        *,
        width: int | None = None,
        previous_width: int | None = None,
        num_heads: int = 8,
        response: Literal['dot', 'cosine'] = 'dot',
        guide: Sequence[str] = GUIDED_STEPS,
        num_updates: int = 1,
        ffn_ratio: int = 4,
        gamma: float = 1e-4,
    ) -> None:
        super().__init__()
        width = channels if width is None else width
        if width % num_heads:
            raise ValueError(f'AMA: the width {width} of a stage must be a multiple of num_heads={num_heads}')
        if response not in RESPONSES:
            raise ValueError(f'AMA: response must be one of {sorted(RESPONSES)}, got {response!r}')
        if not set(guide) <= set(GUIDED_STEPS):
            raise ValueError(f'AMA: guide may hold {GUIDED_STEPS}, got {tuple(guide)}')
        self.num_groups = num_groups
        self.num_heads = num_heads
        self.guide = tuple(guide)
        self.reduce = nn.Identity() if width == channels else nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.query = AudioMLP(audio_channels, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.response = RESPONSES[response]()
        self.attended = nn.Linear(width, width)
        self.carry = None if previous_width is None else nn.Linear(previous_width, width, bias=False)
        self.updates = nn.ModuleList(CompactUpdate(width, num_heads, ffn_ratio) for _ in range(num_updates))
        self.map_back = nn.Linear(width, channels)
        self.gamma = nn.Parameter(torch.tensor(float(gamma)))

    def tokens(self, x: Tensor) -> Tensor:
        """Return the layer-normed tokens ``(M, N, D)`` of a map ``(M, C, H, W)``; groups are found among these."""
        return self.norm(self.reduce(x.flatten(2).transpose(1, 2)))

    def forward(
        self, x: Tensor, tokens: Tensor, labels: Tensor, audio: Tensor, previous: AMAStage | None = None
    ) -> AMAStage:
        """Fuse one map.

        Args:
            x: ``(M, C, H, W)``.
            tokens: ``(M, N, D)`` from ``tokens(x)``.
            labels: Group of each token ``(M, N)``.
            audio: ``(M, A)``.
            previous: The stage before, whose compact representation is carried on.

        Returns:
            The fused map with groups, responses and compact representation.
        """
        scores, attended = self.attend(tokens, labels, audio)
        compact = self.merge(tokens, labels, scores) + self.attended(attended)
        if self.carry is not None and previous is not None:
            compact = compact + self.carry(self._seen_before(previous, labels, x.shape[-2:]))
        for update in self.updates:
            compact = update(compact, tokens, scores if 'update' in self.guide else None)
        back = torch.take_along_dim(self.map_back(compact), labels.unsqueeze(-1), dim=1)
        if 'map' in self.guide:
            back = back * scores.sigmoid().unsqueeze(-1)
        fused = x + self.gamma * back.transpose(1, 2).unflatten(2, x.shape[-2:])
        size = x.shape[-2:]
        return AMAStage(fused, labels.unflatten(1, size), scores.unflatten(1, size), compact)

    def attend(self, tokens: Tensor, labels: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Let the audio attend inside each group.

        Returns:
            Response ``S`` ``(M, N)`` and attended values ``(M, P, D)``.
        """
        query = split_heads(self.query(audio).unsqueeze(1), self.num_heads)
        key, value = (split_heads(project(tokens), self.num_heads) for project in (self.key, self.value))
        scores = self.response(query, key).float()
        weights = group_softmax(scores, labels, self.num_groups)
        return scores.mean(1), merge_heads(group_sum(weights, value, labels, self.num_groups))

    def merge(self, tokens: Tensor, labels: Tensor, scores: Tensor) -> Tensor:
        """Merge the tokens ``(M, N, D)`` of each group by their response ``(M, N)``: ``(M, P, D)``."""
        if 'merge' not in self.guide:
            return group_mean(tokens, labels, self.num_groups)
        weights = group_softmax(scores.unsqueeze(1), labels, self.num_groups)
        return group_sum(weights, tokens.unsqueeze(1), labels, self.num_groups).squeeze(1)

    def _seen_before(self, previous: AMAStage, labels: Tensor, size: torch.Size) -> Tensor:
        """Return, for each group, the mean over its tokens of the previous stage's compact vector there: ``(M, P, D')``.

        Groups of two stages have no common names; what links them is the place of their tokens.
        """
        before = F.interpolate(previous.groups[:, None].float(), tuple(size), mode='nearest').long().flatten(1)
        known = torch.take_along_dim(previous.compact, before.unsqueeze(-1), dim=1)
        return group_mean(known, labels, self.num_groups)
