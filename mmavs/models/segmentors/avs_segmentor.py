"""The one segmentor of mmavs: it wires parts and knows no method."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.data_preprocessors.avs_data_preprocessor import pad_frames
from mmavs.registry import MODELS
from mmavs.structures import AVSDataSample
from mmavs.utils import build_module


@MODELS.register_module()
class AVSegmentor(BaseModel):
    """Audio-visual segmentor: staged backbone, audio backbone, neck, temporal module, decode head, losses.

    Args:
        backbone: Visual backbone (``BaseStagedBackbone``), config or module.
        audio_backbone: Audio backbone (``BaseAudioBackbone``), config or module.
        neck: Audio-visual fusion (``BaseAVNeck``), config or module.
        decode_head: Decode head (``BaseAVSHead``), config or module.
        losses: Losses, each with a ``loss_name`` of its own; may be empty for inference.
        temporal: Temporal module (``BaseTemporal``), config or module.
        data_preprocessor: Config or module; ``AVSDataPreprocessor`` by default.
        init_cfg: mmengine initialisation config.

    Raises:
        ValueError: Two losses share a name, or the inputs do not fit together.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        audio_backbone: dict | nn.Module,
        neck: dict | nn.Module,
        decode_head: dict | nn.Module,
        losses: Sequence[dict | nn.Module] = (),
        *,
        temporal: dict | nn.Module | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmavs.AVSDataPreprocessor'), init_cfg)
        self.backbone = build_module(backbone, MODELS)
        self.audio_backbone = build_module(audio_backbone, MODELS)
        self.neck = build_module(neck, MODELS)
        self.temporal = build_module(temporal or dict(type='IdentityTemporal'), MODELS)
        self.decode_head = build_module(decode_head, MODELS)
        self.losses = nn.ModuleList(build_module(loss, MODELS) for loss in losses)
        names = [loss.loss_name for loss in self.losses]
        if len(set(names)) < len(names):
            raise ValueError(f'each loss needs a loss_name of its own, got {names}')

    def forward(
        self, inputs: dict[str, Tensor], data_samples: Sequence[AVSDataSample] | None = None, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[AVSDataSample]:
        """Run the model.

        Args:
            inputs: ``frames`` ``(B, T, 3, H, W)`` normalised; ``audio`` ``(B, T, 1, 96, 64)`` or ``audio_features``
                ``(B, T, A)``, which skip the audio backbone; optional ``frame_valid`` ``(B, T)`` bool, true by default.
            data_samples: One per clip; annotations for ``mode='loss'``, receivers of the result for ``mode='predict'``.
            mode: ``'tensor'`` gives the mask logits ``(B, T, K, H, W)``, ``'loss'`` a dict of losses, ``'predict'``
                the data samples with ``pred_logits``, ``pred_masks`` and, where the model has them,
                ``pred_uncertainty`` and ``pred_groups``.

        Raises:
            ValueError: Unknown ``mode``, or inputs whose frame counts disagree.
        """
        if mode == 'tensor':
            return self.segment(inputs).logits
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    def segment(self, inputs: dict[str, Tensor]) -> AVSOutput:
        """Run all parts on one batch and return the decode head's output."""
        frames = inputs['frames']
        if frames.dim() != 5:
            raise ValueError(f"inputs['frames'] must be (B, T, 3, H, W), got {tuple(frames.shape)}")
        frame_valid = inputs.get('frame_valid')
        if frame_valid is None:
            frame_valid = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
        frame_valid = frame_valid.bool()
        audio = self._audio_features(inputs, frame_valid)
        context = AVSFeatures(maps=(), audio=audio, frame_valid=frame_valid)
        fuse_stage = partial(self.neck.fuse_stage, context=context) if self.neck.between_stages else None
        maps = self.backbone(frames.flatten(0, 1), fuse_stage=fuse_stage)
        features = self.temporal(self.neck(context.updated(maps=tuple(maps))))
        return self.decode_head(features, size=tuple(frames.shape[-2:]))

    def loss(self, inputs: dict[str, Tensor], data_samples: Sequence[AVSDataSample]) -> dict[str, Tensor]:
        """Compute every registered loss; the keys are the losses' names."""
        output = self.segment(inputs)
        targets = self._targets(data_samples, num_frames=output.logits.shape[1])
        return {loss.loss_name: loss(output, targets) for loss in self.losses}

    def predict(
        self, inputs: dict[str, Tensor], data_samples: Sequence[AVSDataSample] | None = None
    ) -> list[AVSDataSample]:
        """Write the predictions into the data samples, cut to each clip's own length.

        Where a sample carries ``gt_masks`` of another size than the network input, logits and uncertainty are resized
        to it bilinearly and groups by nearest neighbour, so that a metric compares like with like.
        """
        output = self.segment(inputs)
        num_clips, num_frames = output.logits.shape[:2]
        if data_samples is None:
            data_samples = [AVSDataSample(frame_valid=torch.ones(num_frames).bool()) for _ in range(num_clips)]
        for i, sample in enumerate(data_samples):
            length = len(sample.frame_valid)
            size = tuple(sample.gt_masks.shape[-2:]) if 'gt_masks' in sample else tuple(output.logits.shape[-2:])
            logits = _resize(output.logits[i, :length].float(), size, 'bilinear')
            sample.pred_logits = logits
            if logits.shape[1] == 1:
                sample.pred_masks = (logits[:, 0].sigmoid() > 0.5).long()
            else:
                sample.pred_masks = logits.argmax(dim=1)
            if output.uncertainty is not None:
                uncertainty = output.uncertainty[i, :length, None].float()
                sample.pred_uncertainty = _resize(uncertainty, size, 'bilinear')[:, 0]
            if output.groups is not None:
                groups = output.groups[i, :length, None].float()
                sample.pred_groups = _resize(groups, size, 'nearest')[:, 0].long()
        return list(data_samples)

    def _audio_features(self, inputs: dict[str, Tensor], frame_valid: Tensor) -> Tensor:
        """Return ``(B, T, A)``: what the caller gave, else the backbone's, zero on padded frames."""
        features = inputs.get('audio_features')
        if features is None:
            features = self.audio_backbone(inputs['audio']) * frame_valid.unsqueeze(-1)
        if features.shape[:2] != frame_valid.shape:
            raise ValueError(
                f'audio features {tuple(features.shape)} do not match the frames {tuple(frame_valid.shape)} in (B, T)'
            )
        return features

    @staticmethod
    def _targets(data_samples: Sequence[AVSDataSample], num_frames: int) -> AVSTargets:
        """Stack the annotations, padded to ``num_frames``."""

        def stack(name: str) -> Tensor:
            return torch.stack([pad_frames(getattr(sample, name), num_frames) for sample in data_samples])

        valid = stack('frame_valid')
        return AVSTargets(stack('gt_masks'), stack('frame_annotated') & valid, valid)


def _resize(x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    """Resize ``x`` ``(T, C, H, W)`` if it has another size."""
    if tuple(x.shape[-2:]) == size:
        return x
    options: dict[str, Any] = dict(align_corners=False) if mode == 'bilinear' else {}
    return F.interpolate(x, size, mode=mode, **options)
