"""The audio-visual matching loss of TPAVI."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import MODELS

from . import functional
from .base_loss import BaseAVSLoss

SELF_DISTANCE = 10.0


@MODELS.register_module()
class AVMatchingLoss(BaseAVSLoss):
    """Pull the visual feature inside the predicted mask towards the audio feature of its frame (AVM).

    Per stage: pool the prediction to the map's size, weigh the map with it, average over pixels to ``v``; compare ``v`` with
    its partner; average over stages.

    Args:
        loss_weight: Factor of the term (0.5 in the published MS3 and AVSS runs).
        loss_name: Key in the log.
        partner: ``'audio'``: the aligned audio of the same frame (AVM-AV). ``'visual'``: the masked visual feature of the
            annotated frame in the batch whose audio is nearest (AVM-VV).
        distance: ``'kl'`` (``KL(softmax(partner) || softmax(v))``) or ``'euclidean'``.
        pooling: ``'avg'`` or ``'max'`` pooling of the prediction.
        threshold: Binarise the pooled prediction at 0.5 and average inside it.
        normalize: L2-normalise both features first.
        reduction: Of the KL over annotated frames: ``'sum'`` (published S4/MS3 code) or ``'mean'`` (published AVSS code).
            The Euclidean distance is always averaged.
        stages: Stages that take part; ``None`` for all that the neck has fused with audio.
        official_vv_target_bug: Let AVM-VV with KL compare with the audio feature, as the published AVSS code does.

    Source:
        Zhou et al., ECCV 2022, eq. 4; https://github.com/OpenNLPLab/AVSBench (``loss.py`` of ``avs_ms3`` and ``avss``).
    """

    default_name = 'loss_avm'

    def __init__(
        self,
        loss_weight: float = 0.5,
        loss_name: str | None = None,
        *,
        partner: Literal['audio', 'visual'] = 'audio',
        distance: Literal['kl', 'euclidean'] = 'kl',
        pooling: Literal['avg', 'max'] = 'avg',
        threshold: bool = False,
        normalize: bool = False,
        reduction: Literal['sum', 'mean'] = 'sum',
        stages: Sequence[int] | None = None,
        official_vv_target_bug: bool = False,
    ) -> None:
        super().__init__(loss_weight, loss_name)
        choices = dict(
            partner=('audio', 'visual'),
            distance=('kl', 'euclidean'),
            pooling=('avg', 'max'),
            reduction=('sum', 'mean'),
        )
        for name, value in dict(partner=partner, distance=distance, pooling=pooling, reduction=reduction).items():
            if value not in choices[name]:
                raise ValueError(f'AVMatchingLoss: {name} must be one of {choices[name]}, got {value!r}')
        self.partner = partner
        self.distance = distance
        self.pooling = pooling
        self.threshold = threshold
        self.normalize = normalize
        self.reduction = reduction
        self.stages = stages
        self.official_vv_target_bug = official_vv_target_bug

    def compute(self, output: AVSOutput, targets: AVSTargets) -> Tensor:
        """Return the unweighted scalar.

        Raises:
            ValueError: The neck has not left ``aux['tpavi_audio']``, or not for a wanted stage.
        """
        audio = output.features.aux.get('tpavi_audio', ())
        stages = [i for i, a in enumerate(audio) if a is not None] if self.stages is None else list(self.stages)
        if not stages or any(i >= len(audio) or audio[i] is None for i in stages):
            raise ValueError(
                "AVMatchingLoss needs aux['tpavi_audio'] for its stages; use a TPAVINeck with audio_visual=True whose "
                f'stages cover {stages or "at least one"}'
            )
        flag = targets.frame_annotated.flatten()
        logits = output.logits.flatten(0, 1).float()
        terms = [
            self._stage(self._mask(logits, x.shape[-2:]), x.float(), audio[i].flatten(0, 1).float(), flag)
            for i, x in enumerate(output.features.maps)
            if i in stages
        ]
        return torch.stack(terms).mean()

    def _mask(self, logits: Tensor, size: Sequence[int]) -> Tensor:
        """Pool the prediction ``(M, K, H, W)`` to a foreground mask ``(M, 1, *size)``.

        A binary logit is pooled before the sigmoid; several classes become 0/1 foreground before pooling, as published.
        """
        pool = F.adaptive_avg_pool2d if self.pooling == 'avg' else F.adaptive_max_pool2d
        if logits.shape[1] == 1:
            return pool(logits, tuple(size)).sigmoid()
        return pool((logits.argmax(1, keepdim=True) != 0).float(), tuple(size))

    def _stage(self, mask: Tensor, feature_map: Tensor, audio: Tensor, flag: Tensor) -> Tensor:
        """Compare one stage: ``mask`` ``(M, 1, h, w)``, ``feature_map`` ``(M, C, h, w)``, ``audio`` ``(M, C)``."""
        if self.threshold:
            mask = (mask > 0.5).float()
            visual = (feature_map * mask).sum((-2, -1)) / (mask.sum((-2, -1)) + 1e-6)
        else:
            visual = (feature_map * mask).mean((-2, -1))
        if self.normalize:
            audio, visual = F.normalize(audio, dim=-1), F.normalize(visual, dim=-1)
        partner = audio if self.partner == 'audio' else self._nearest_by_audio(visual, audio, flag)
        if self.distance == 'euclidean':
            return functional.mean_over_flagged(F.pairwise_distance(partner, visual), flag)
        if self.partner == 'visual' and self.official_vv_target_bug:
            partner = audio
        per_frame = functional.kl_to_target(visual, partner)
        return (per_frame * flag).sum() if self.reduction == 'sum' else functional.mean_over_flagged(per_frame, flag)

    @staticmethod
    def _nearest_by_audio(visual: Tensor, audio: Tensor, flag: Tensor) -> Tensor:
        """Return the visual feature of the annotated frame with the nearest audio, the frame itself made distant."""
        distance = torch.cdist(audio, audio) + SELF_DISTANCE * torch.eye(len(audio), device=audio.device)
        distance = distance.masked_fill(~flag[:, None], float('inf'))
        return visual[distance.argmin(0)]
