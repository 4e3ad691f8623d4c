import math

import pytest
import torch
from clips import SIZE, evaluate, make_clip
from sklearn.metrics import roc_auc_score

METRIC = dict(type='UncertaintyMetric')


def make(index, num_classes=1, frames=5, tagged=True, **fields):
    generator = torch.Generator().manual_seed(100 + index)
    fields.setdefault('pred_uncertainty', torch.rand(frames, *SIZE, generator=generator))
    if tagged:
        fields['tags'] = torch.randint(0, 2, (frames, 2), generator=generator).float()
    return make_clip(index, num_classes, frames, **fields)


def pixels(clips, num_classes):
    """Plain lists of the counted pixels and frames."""
    rows, frames = [], []
    for clip in clips:
        for t in range(len(clip.gt_masks)):
            if not clip.frame_labelled[t]:
                continue
            logits, mask, u = clip.pred_logits[t], clip.gt_masks[t], clip.pred_uncertainty[t]
            p = (logits if num_classes > 1 else torch.cat((torch.zeros_like(logits), logits))).softmax(0)
            keep = mask != 255
            label = p.argmax(0)[keep]
            own = (1 - p.amax(0))[keep] * (2 if num_classes == 1 else 1)
            rows.append((u[keep], own, p.amax(0)[keep], label != mask[keep], label, mask[keep]))
            changed = t > 0 and bool((clip.tags[t] != clip.tags[t - 1]).any())
            frames.append((t > 0, changed))
    return rows, frames


@pytest.mark.parametrize('num_classes', [1, 4])
def test_figures_equal_plain_ones(num_classes):
    clips = [make(i, num_classes) for i in range(6)]
    got = evaluate([METRIC], clips, batch_size=4)
    rows, frames = pixels(clips, num_classes)
    u, own, confidence, wrong, _, _ = (torch.cat(part) for part in zip(*rows, strict=True))
    assert got['avs/AUROC_wrong_u'] == pytest.approx(roc_auc_score(wrong, u), abs=2e-3)
    assert got['avs/AUROC_wrong_mask'] == pytest.approx(roc_auc_score(wrong, own), abs=2e-3)
    decided = [i for i, (known, _) in enumerate(frames) if known]
    changed = [frames[i][1] for i in decided]
    for key, column in (('AUROC_change_u', 0), ('AUROC_change_mask', 1)):
        means = [float(rows[i][column].double().mean()) for i in decided]
        assert got[f'avs/{key}'] == pytest.approx(roc_auc_score(changed, means), abs=1e-6)
    for name, kind in (('change', True), ('steady', False)):
        chosen = [rows[i] for i, flag in zip(decided, changed, strict=True) if flag == kind]
        label, mask = torch.cat([r[4] for r in chosen]), torch.cat([r[5] for r in chosen])
        false = ((label != 0) & (mask == 0)).sum() / (mask == 0).sum()
        assert got[f'avs/FPR_{name}'] == pytest.approx(float(false))
        assert got[f'avs/u_{name}'] == pytest.approx(float(torch.stack([r[0].mean() for r in chosen]).mean()), rel=1e-5)
        assert got[f'avs/num_{name}_frames'] == len(chosen)
    gaps = 0.0
    for i in range(15):
        inside = (confidence.double() * 15).long().clamp(max=14) == i
        gaps += float((confidence[inside].double().sum() - (~wrong[inside]).sum()).abs()) / len(wrong)
    assert got['avs/ECE'] == pytest.approx(gaps, abs=1e-6)


def test_an_uncertainty_that_knows_ranks_perfectly():
    clips = [make(i) for i in range(4)]
    for clip in clips:
        wrong = (clip.pred_logits[:, 0] > 0).long() != clip.gt_masks
        changed = torch.zeros(5)
        changed[1:] = (clip.tags[1:] != clip.tags[:-1]).any(1).float()
        clip.pred_uncertainty = 0.5 * wrong + 0.01 * changed[:, None, None]
    assert evaluate([METRIC], clips)['avs/AUROC_wrong_u'] == 1
    for clip in clips:
        changed = torch.zeros(5)
        changed[1:] = (clip.tags[1:] != clip.tags[:-1]).any(1).float()
        clip.pred_uncertainty = changed[:, None, None].expand_as(clip.pred_uncertainty).clone()
    assert evaluate([METRIC], clips)['avs/AUROC_change_u'] == 1


def test_a_change_is_read_off_the_masks_where_there_are_no_tags():
    masks = torch.zeros(4, *SIZE).long()
    masks[1:3, 0] = 1
    flags = torch.ones(4, dtype=torch.bool)
    clip = make(0, frames=4, tagged=False, gt_masks=masks, frame_labelled=flags)
    got = evaluate([METRIC], [clip])
    assert (got['avs/num_change_frames'], got['avs/num_steady_frames']) == (2, 1)


def test_batches_and_order_change_nothing():
    clips = [make(i) for i in range(5)]
    first, second = evaluate([METRIC], clips), evaluate([METRIC], clips[::-1], batch_size=3)
    assert all(repr(first[key]) == repr(second[key]) for key in first)


def test_metrics_of_transitions_and_uncertainty_stand_side_by_side():
    keys = evaluate([METRIC, dict(type='TransitionMetric'), dict(type='BinaryAVSMetric')], [make(0)])
    assert {'avs/FPR_change', 'avs/FP_area_change', 'avs/J_frame'} <= set(keys)


def test_nothing_to_compare_is_nan():
    got = evaluate([METRIC], [make(i, frames=1, frame_labelled=torch.ones(1).bool()) for i in range(2)])
    for key in ('AUROC_change_u', 'u_change', 'FPR_steady'):
        assert math.isnan(got[f'avs/{key}'])


def test_a_missing_or_misshapen_map_is_named():
    clip = make(0)
    del clip.pred_uncertainty
    with pytest.raises(ValueError, match=r"clip 'clip0': the sample lacks \['pred_uncertainty'\]"):
        evaluate([METRIC], [clip])
    with pytest.raises(ValueError, match='must have the shape of gt_masks'):
        evaluate([METRIC], [make(0, pred_uncertainty=torch.rand(5, 3, 3))])
