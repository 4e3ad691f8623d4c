"""Multi-label audio tagging of seconds."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.data_preprocessors.avs_data_preprocessor import pad_frames
from mmavs.models.losses.functional import mean_over_flagged
from mmavs.registry import MODELS
from mmavs.structures import AVSDataSample
from mmavs.utils import build_module


@MODELS.register_module()
class AudioTagger(BaseModel):
    """An audio backbone with one linear layer, trained on the sounding classes of each second.

    This is to a small backbone what AudioSet pre-training is to VGGish; the checkpoint serves as ``pretrained`` of the audio
    backbone in a segmentor.

    Args:
        audio_backbone: Config or module (``BaseAudioBackbone``).
        num_tags: Number of classes; must equal the length of the data set's tags.
        data_preprocessor: Config or module; ``AVSDataPreprocessor`` by default.
        init_cfg: mmengine initialisation config.
    """

    def __init__(
        self,
        audio_backbone: dict | nn.Module,
        num_tags: int,
        *,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='mmavs.AVSDataPreprocessor'), init_cfg)
        self.audio_backbone = build_module(audio_backbone, MODELS)
        self.classify = nn.Linear(self.audio_backbone.out_channels, num_tags)

    def forward(
        self, inputs: dict[str, Tensor], data_samples: Sequence[AVSDataSample] | None = None, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[AVSDataSample]:
        """Run the tagger.

        Args:
            inputs: ``audio`` ``(B, T, 1, 96, 64)`` and ``frame_valid`` ``(B, T)``; frames are not used.
            data_samples: One per clip, with ``tags`` ``(T, num_tags)`` for ``mode='loss'``.
            mode: ``'tensor'`` gives logits ``(B, T, num_tags)``, ``'loss'`` the loss, ``'predict'`` the data samples with
                ``pred_tags`` ``(T, num_tags)`` in [0, 1].

        Raises:
            ValueError: Unknown ``mode``, or tags of another length.
        """
        logits = self.classify(self.audio_backbone(inputs['audio']))
        if mode == 'tensor':
            return logits
        if mode == 'loss':
            return dict(loss_tag=self._loss(logits, inputs['frame_valid'], data_samples))
        if mode == 'predict':
            for sample, scores in zip(data_samples, logits.float().sigmoid(), strict=True):
                sample.pred_tags = scores[: len(sample.frame_valid)]
            return list(data_samples)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    @staticmethod
    def _loss(logits: Tensor, frame_valid: Tensor, data_samples: Sequence[AVSDataSample]) -> Tensor:
        for sample in data_samples:
            if 'tags' not in sample or sample.tags.shape[-1] != logits.shape[-1]:
                found = tuple(sample.tags.shape) if 'tags' in sample else None
                raise ValueError(
                    f'clip {sample.get("clip_id")!r} has tags {found}, the tagger has {logits.shape[-1]}; set num_tags to '
                    'the number of classes of the data set and give the data set its recipes_file'
                )
        tags = torch.stack([pad_frames(sample.tags, logits.shape[1]) for sample in data_samples]).float()
        per_second = F.binary_cross_entropy_with_logits(logits.float(), tags, reduction='none').sum(-1)
        return mean_over_flagged(per_second, frame_valid)
