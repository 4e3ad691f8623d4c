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
    """Audio-visual segmentor: staged backbone, audio backbone, neck, pixel decoder, temporal module, decode head, losses.

    Args:
        backbone: Visual backbone (``BaseStagedBackbone``), config or module.
        audio_backbone: Audio backbone (``BaseAudioBackbone``), config or module.
        neck: Audio-visual fusion (``BaseAVNeck``), config or module.
        decode_head: Decode head (``BaseAVSHead``), config or module.
        losses: Losses, each with a ``loss_name`` of its own; may be empty for inference.
        pixel_decoder: Merges the fused maps before the frames are linked (``BasePixelDecoder``), config or module; by
            default the maps go on as they are.
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
        pixel_decoder: dict | nn.Module | None = None,
        temporal: dict | nn.Module | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmavs.AVSDataPreprocessor'), init_cfg)
        self.backbone = build_module(backbone, MODELS)
        self.audio_backbone = build_module(audio_backbone, MODELS)
        self.neck = build_module(neck, MODELS)
        self.pixel_decoder = build_module(pixel_decoder or dict(type='IdentityPixelDecoder'), MODELS)
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
                ``visual_features``, one ``(B, T, C_l, H_l, W_l)`` per stage, may stand in for ``frames`` and skip the
                visual backbone, where the neck does not work between its stages.
            data_samples: One per clip; annotations for ``mode='loss'``, receivers of the result for ``mode='predict'``.
            mode: ``'tensor'`` gives the mask logits ``(B, T, K, H, W)``, ``'loss'`` a dict of losses, ``'predict'``
                the data samples with ``pred_logits``, ``pred_masks`` and, where the model has them,
                ``pred_uncertainty``, ``pred_groups`` and ``pred_response``.

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
        has_maps = 'visual_features' in inputs
        visual = inputs['visual_features'][0] if has_maps else inputs['frames']
        frame_valid = inputs.get('frame_valid')
        if frame_valid is None:
            frame_valid = torch.ones(visual.shape[:2], dtype=torch.bool, device=visual.device)
        frame_valid = frame_valid.bool()
        audio = self._audio_features(inputs, frame_valid)
        context = AVSFeatures(maps=(), audio=audio, frame_valid=frame_valid)
        if has_maps:
            maps, size = self._given_maps(inputs['visual_features'])
        else:
            maps, size = self._run_backbone(inputs['frames'], context)
        features = self.neck(context.updated(maps=maps))
        return self.decode_head(self.temporal(self.pixel_decoder(features)), size=size)

    def _run_backbone(self, frames: Tensor, context: AVSFeatures) -> tuple[tuple[Tensor, ...], tuple[int, int]]:
        """Return the maps of all stages and the input size; the neck acts between the stages if it wants to."""
        if frames.dim() != 5:
            raise ValueError(f"inputs['frames'] must be (B, T, 3, H, W), got {tuple(frames.shape)}")
        fuse_stage = partial(self.neck.fuse_stage, context=context) if self.neck.between_stages else None
        return tuple(self.backbone(frames.flatten(0, 1), fuse_stage=fuse_stage)), tuple(frames.shape[-2:])

    def _given_maps(self, maps: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], tuple[int, int]]:
        """Return ready-made maps ``(B, T, C_l, H_l, W_l)`` frame by frame, and the input size they stand for."""
        if self.neck.between_stages:
            raise ValueError(
                "inputs['visual_features'] cannot be used with a neck that works between the backbone's stages; give "
                "inputs['frames'], or set between_stages=False in the neck"
            )
        stride = self.backbone.strides[0]
        size = (stride * maps[0].shape[-2], stride * maps[0].shape[-1])
        return tuple(x.flatten(0, 1).float() for x in maps), size

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
            self._add_pictures(sample, output, i, length, size)
        return list(data_samples)

    @staticmethod
    def _add_pictures(sample: AVSDataSample, output: AVSOutput, clip: int, length: int, size: tuple[int, int]) -> None:
        """Write the token groups and responses that the neck has left, copied up to ``size``, into the sample."""
        for name in ('groups', 'response'):
            tokens = output.features.aux.get(name)
            if tokens is not None:
                tokens = tokens.unflatten(0, output.features.frame_valid.shape)[clip, :length, None]
                picture = _resize(tokens.float(), size, 'nearest')[:, 0]
                setattr(sample, f'pred_{name}', picture.long() if name == 'groups' else picture)

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
