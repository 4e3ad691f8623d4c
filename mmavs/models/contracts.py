"""The two objects that flow through every model of mmavs.

Notation, here and in every docstring: ``B`` clips, ``T`` frames per clip, ``M = B * T`` frames, ``C`` channels, ``H``
and ``W`` pixels or feature rows and columns, ``N = H * W`` tokens of one frame, ``P`` groups, ``K`` classes (``K = 1``:
one binary logit), ``L`` backbone stages, ``A`` audio channels.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor


@dataclass
class AVSFeatures:
    """What backbone, neck and temporal module hand to each other.

    Attributes:
        maps: ``L`` visual feature maps ``(M, C_l, H_l, W_l)``, finest first; frames of one clip lie next to each other.
        audio: Audio features ``(B, T, A)``.
        frame_valid: ``(B, T)`` bool, false on padding frames.
        aux: Named intermediates for losses and pictures (``'tpavi_audio'``, ``'ama_stages'``, ...). Two names are shared by
            all necks and shown in pictures: ``'groups'`` ``(M, h, w)`` long, the group label of each token, and
            ``'response'`` ``(M, h, w)`` in [0, 1], how strongly each token answers to the sound.
    """

    maps: tuple[Tensor, ...]
    audio: Tensor
    frame_valid: Tensor
    aux: dict[str, Any] = field(default_factory=dict)

    def updated(self, maps: tuple[Tensor, ...] | None = None, **aux: Any) -> 'AVSFeatures':
        """Return a copy with other ``maps`` (if given) and further entries in ``aux``."""
        return replace(self, maps=self.maps if maps is None else maps, aux={**self.aux, **aux})


@dataclass
class AVSOutput:
    """What a decode head returns; losses and ``predict`` read it.

    Attributes:
        logits: Mask logits ``(B, T, K, H, W)`` at the input resolution.
        features: The features the head has used (possibly changed by it).
        uncertainty: ``(B, T, H, W)`` in [0, 1], or ``None`` where the head has none.
    """

    logits: Tensor
    features: AVSFeatures
    uncertainty: Tensor | None = None


@dataclass
class AVSTargets:
    """What a loss compares with.

    Attributes:
        masks: ``(B, T, H, W)`` long: 0 background, class index (1 in binary tasks), 255 ignore.
        frame_annotated: ``(B, T)`` bool, the frame has a label the loss may use (never true on padding).
        frame_valid: ``(B, T)`` bool, the frame exists.
    """

    masks: Tensor
    frame_annotated: Tensor
    frame_valid: Tensor
