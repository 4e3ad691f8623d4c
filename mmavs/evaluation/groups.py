"""Do groups follow objects, and does the response lie on what sounds?"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmavs.models.data_preprocessors.avs_data_preprocessor import pad_frames
from mmavs.models.necks.ama_block import AMAStage

from .functional.uncertainty import auroc

MIN_TOKENS = 2


def best_group_iou(groups: Tensor, inside: Tensor) -> Tensor:
    """IoU of the object with the group that fits it best.

    Args:
        groups: Group of each token ``(M, N)``.
        inside: Whether a token lies on the object ``(M, N)``, bool; some token does.

    Returns:
        ``(M,)`` in [0, 1].
    """
    members = groups.unsqueeze(1) == torch.arange(int(groups.max()) + 1, device=groups.device)[:, None]
    shared = (members & inside.unsqueeze(1)).sum(-1)
    union = (members | inside.unsqueeze(1)).sum(-1)
    return (shared / union).amax(1)


def border_share(groups: Tensor) -> Tensor:
    """Share of horizontal neighbours in ``groups`` ``(M, h, w)`` that belong to different groups: ``(M,)``."""
    return (groups[:, :, 1:] != groups[:, :, :-1]).float().mean((1, 2))


def measure_stages(model: nn.Module, batches: Iterable[dict]) -> dict[int, dict[str, float]]:
    """Run a model whose neck is an ``AMANeck`` over a data set and compare each fused stage with the truth.

    Frames in which nothing sounds, or whose object covers fewer than two tokens of a stage, are left out there.

    Args:
        model: ``AVSegmentor`` in eval mode.
        batches: Collated batches, ``dict(inputs=..., data_samples=...)``.

    Returns:
        By stage: ``response_auroc`` (a token on the object has the higher response), ``best_iou`` and ``border_share`` of the
        groups, ``num_frames``.

    Raises:
        ValueError: The model leaves no ``aux['ama_stages']``, or no frame could be measured.
    """
    found: dict[int, dict[str, list[Tensor]]] = {}
    for batch in batches:
        data = model.data_preprocessor(batch)
        with torch.no_grad():
            output = model.segment(data['inputs'])
        stages = output.features.aux.get('ama_stages')
        if stages is None:
            raise ValueError('the model has no AMAStage records; measure a model whose neck is an AMANeck')
        num_frames = output.logits.shape[1]
        masks = torch.cat([pad_frames(sample.gt_masks, num_frames) for sample in data['data_samples']])
        for stage, record in stages.items():
            _collect(found.setdefault(stage, dict(scores=[], inside=[], iou=[], border=[])), record, masks)
    if not any(values['iou'] for values in found.values()):
        raise ValueError('no frame has an object of two tokens or more at any stage')
    return {stage: _summary(values) for stage, values in found.items() if values['iou']}


def _collect(values: dict[str, list[Tensor]], record: AMAStage, masks: Tensor) -> None:
    """Add the frames of one batch."""
    foreground = ((masks > 0) & (masks != 255)).float().unsqueeze(1)
    inside = F.adaptive_avg_pool2d(foreground, record.groups.shape[-2:])[:, 0] > 0.5
    measured = inside.sum((1, 2)) >= MIN_TOKENS
    if not measured.any():
        return
    groups, inside = record.groups[measured], inside[measured]
    values['scores'].append(record.scores[measured].flatten())
    values['inside'].append(inside.flatten())
    values['iou'].append(best_group_iou(groups.flatten(1), inside.flatten(1)))
    values['border'].append(border_share(groups))


def _summary(values: dict[str, list[Tensor]]) -> dict[str, float]:
    iou = torch.cat(values['iou'])
    return dict(
        response_auroc=auroc(torch.cat(values['scores']).sigmoid(), torch.cat(values['inside'])),
        best_iou=float(iou.mean()),
        border_share=float(torch.cat(values['border']).mean()),
        num_frames=len(iou),
    )
