"""Mask and uncertainty, side by side."""

from typing import Literal

from torch import nn

from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.registry import MODELS
from mmavs.utils import build_module

from .base_avs_head import BaseAVSHead
from .uncertainty import ConvBranch, MaskPrediction
from .uncertainty.base_uncertainty_branch import at_size


@MODELS.register_module()
class UncertaintyDecodeHead(BaseAVSHead):
    """Two parallel branches on one map: mask logits ``m`` and an uncertainty ``u``; the prediction combines them.

    In training ``output.logits`` are ``m``, so that the mask learns as it would without the second branch; in eval mode they
    are the combined logits, whose sigmoid or argmax is the prediction. ``u`` is read off, and combined with ``m``,
    at the output's resolution.

    Args:
        channels: ``C`` of the map.
        num_classes: ``K``; 1 for one binary logit, else class 0 is the background.
        uncertainty: ``BaseUncertaintyBranch``, config or module; ``None`` for a mask without uncertainty. A config gets
            ``channels``, ``num_classes`` and ``dropout`` of the head.
        combination: ``BaseCombination``, config or module; by default ``CalibratedShift``, which changes nothing until
            it is calibrated.
        dropout: Rate at which whole channels are dropped before the last layer of the branches, in training.
        train_on: ``'mask'``: the losses of the mask see ``m``; ``'combined'``: they see the combined logits.
        detach_uncertainty: Keep the gradient of the uncertainty branch out of the map it reads.
        init_cfg: mmengine initialisation config.

    Shapes:
        - in: one map ``(M, C, h, w)``.
        - out: logits ``(B, T, K, H, W)`` and uncertainty ``(B, T, H, W)`` in [0, 1], both zero on padded frames.
        - ``aux['mask_logits']``: ``m``, ``(B, T, K, H, W)``.
        - ``aux`` of the branch: ``'evidence'`` ``(B, T, max(K, 2), h, w)``, ``'logit_log_var'`` ``(B, T, K, H, W)``.

    Raises:
        ValueError: Not exactly one map, an unknown ``train_on``, or a combination without uncertainty.
    """

    def __init__(
        self,
        channels: int = 256,
        num_classes: int = 1,
        *,
        uncertainty: dict | nn.Module | None = None,
        combination: dict | nn.Module | None = None,
        dropout: float = 0.0,
        train_on: Literal['mask', 'combined'] = 'mask',
        detach_uncertainty: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if train_on not in ('mask', 'combined'):
            raise ValueError(f"UncertaintyDecodeHead: train_on must be 'mask' or 'combined', got {train_on!r}")
        if uncertainty is None and (combination is not None or train_on == 'combined' or detach_uncertainty):
            raise ValueError(
                'UncertaintyDecodeHead: combination, train_on="combined" and detach_uncertainty need an uncertainty branch; '
                "set uncertainty=dict(type='DirichletBranch')"
            )
        self.train_on = train_on
        self.detach_uncertainty = detach_uncertainty
        self.mask_branch = ConvBranch(channels, num_classes, dropout)
        self.uncertainty_branch: nn.Module | None = None
        self.combination: nn.Module | None = None
        if uncertainty is not None:
            self.uncertainty_branch = build_module(
                uncertainty, MODELS, channels=channels, num_classes=num_classes, dropout=dropout
            )
            self.combination = build_module(combination or dict(type='CalibratedShift'), MODELS)

    def forward(self, features: AVSFeatures, size: tuple[int, int]) -> AVSOutput:
        """Decode the map into logits and uncertainty at ``size``."""
        if len(features.maps) != 1:
            raise ValueError(
                f'UncertaintyDecodeHead reads one map, got {len(features.maps)}; put a pixel decoder between neck and head'
            )
        x = features.maps[0]
        clips = features.frame_valid.shape
        valid = features.frame_valid[:, :, None, None, None]
        coarse, hidden = self.mask_branch(x)
        mask_logits = at_size(coarse, tuple(size))
        aux = dict(mask_logits=mask_logits.unflatten(0, clips) * valid)
        if self.uncertainty_branch is None:
            return AVSOutput(aux['mask_logits'], features.updated(**aux))
        estimate = self.uncertainty_branch(
            x.detach() if self.detach_uncertainty else x,
            MaskPrediction(mask_logits, hidden, self.mask_branch.classify),
            tuple(size),
        )
        uncertainty = estimate.uncertainty
        aux.update({name: value.unflatten(0, clips) for name, value in estimate.aux.items()})
        logits = aux['mask_logits']
        if not self.training or self.train_on == 'combined':
            logits = self.combination(mask_logits, uncertainty).unflatten(0, clips) * valid
        return AVSOutput(logits, features.updated(**aux), uncertainty.unflatten(0, clips) * valid[:, :, 0])
