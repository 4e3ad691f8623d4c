"""Contrast between tokens that answer to the sound and tokens that do not."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.models.necks.ama_block import AMAStage
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss


@MODELS.register_module()
class InfoNCELoss(BaseAVSLoss):
    """InfoNCE between the audio vector of a frame and its tokens, strong responses against weak ones.

    With ``z`` the L2-normalised projections of audio and tokens and ``tau`` the temperature, the mean over the positive
    tokens ``p`` of a frame of ``-log(e^{z_a z_p / tau} / (e^{z_a z_p / tau} + sum_n e^{z_a z_n / tau}))``, averaged over
    frames and stages. Frames count if they are annotated and something sounds in them; which tokens are positive is
    decided by the audio response, so no label is read beyond that.

    Args:
        channels: Channels of the fused map by stage, ``{stage: C}``; its keys are the stages that take part.
        audio_channels: ``A``.
        loss_weight: Factor of the term (lambda).
        loss_name: Key in the log.
        positives: ``'response'``: the tokens of strongest and of weakest response. ``'mask'``: foreground and background of
            the ground truth, what the paper compares with.
        positive_share: Share of tokens taken as positive.
        negative_share: Share of tokens taken as negative.
        temperature: ``tau``.
        embed_channels: Width of the projections.

    Raises:
        ValueError: Shares that overlap or are not positive, or an unknown ``positives``.

    Source:
        van den Oord et al., 2018, eq. 4; how AMA (CVPR 2025) applies it is listed in ``docs/en/ama.md``.
    """

    default_name = 'loss_contrast'

    def __init__(
        self,
        channels: Mapping[int | str, int],
        audio_channels: int = 128,
        loss_weight: float = 0.1,
        loss_name: str | None = None,
        *,
        positives: Literal['response', 'mask'] = 'response',
        positive_share: float = 0.1,
        negative_share: float = 0.5,
        temperature: float = 0.1,
        embed_channels: int = 128,
    ) -> None:
        super().__init__(loss_weight, loss_name)
        if positives not in ('response', 'mask'):
            raise ValueError(f"InfoNCELoss: positives must be 'response' or 'mask', got {positives!r}")
        if min(positive_share, negative_share) <= 0 or positive_share + negative_share > 1:
            raise ValueError(
                'InfoNCELoss: positive_share and negative_share must be positive and add up to at most 1, got '
                f'{positive_share} and {negative_share}'
            )
        self.positives = positives
        self.positive_share = positive_share
        self.negative_share = negative_share
        self.temperature = temperature
        self.tokens = nn.ModuleDict({str(s): nn.Linear(c, embed_channels) for s, c in channels.items()})
        self.audio = nn.ModuleDict(
            {
                str(s): nn.Sequential(
                    nn.Linear(audio_channels, embed_channels),
                    nn.ReLU(inplace=True),
                    nn.Linear(embed_channels, embed_channels),
                )
                for s in channels
            }
        )

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: The neck has not left ``aux['ama_stages']`` for a wanted stage.
        """
        stages = output.features.aux.get('ama_stages', {})
        missing = [s for s in self.tokens if int(s) not in stages]
        if missing:
            raise ValueError(
                f'InfoNCELoss needs the responses of stages {missing}; use an AMANeck that fuses them, or leave '
                'them out of channels'
            )
        foreground = ((targets.masks > 0) & (targets.masks != functional.IGNORE)).flatten(0, 1)
        sounding = foreground.flatten(1).any(1).unflatten(0, targets.frame_annotated.shape)
        flag = targets.frame_annotated & sounding
        audio = output.features.audio.flatten(0, 1)
        terms = [self._stage(s, stages[int(s)], audio, foreground).unflatten(0, flag.shape) for s in self.tokens]
        return functional.mean_over_flagged(torch.stack(terms).mean(0), flag)

    def _stage(self, stage: str, record: AMAStage, audio: Tensor, foreground: Tensor) -> Tensor:
        """Return the term of each frame ``(M,)``."""
        tokens = F.normalize(self.tokens[stage](record.maps.flatten(2).transpose(1, 2)).float(), dim=-1)
        anchor = F.normalize(self.audio[stage](audio).float(), dim=-1)
        similarity = (tokens * anchor.unsqueeze(1)).sum(-1) / self.temperature
        if self.positives == 'mask':
            positive = F.adaptive_avg_pool2d(foreground[:, None].float(), record.maps.shape[-2:]).flatten(1) > 0.5
            return functional.info_nce(similarity, positive, ~positive)
        scores = record.scores.detach().flatten(1)
        num_tokens = scores.shape[1]
        order = scores.argsort(dim=1)
        rank = torch.empty_like(order).scatter_(
            1, order, torch.arange(num_tokens, device=order.device).expand_as(order)
        )
        num_positive = math.ceil(self.positive_share * num_tokens)
        num_negative = math.floor(self.negative_share * num_tokens)
        return functional.info_nce(similarity, rank >= num_tokens - num_positive, rank < num_negative)
