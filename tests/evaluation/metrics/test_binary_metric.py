import pytest
import torch
from clips import evaluate, make_clip, make_clips

from mmavs.evaluation.functional import f_max, mask_iou
from mmavs.evaluation.metrics import BinaryAVSMetric

METRIC = dict(type='BinaryAVSMetric')


def golden_clips(golden, names):
    clips = []
    for index, name in enumerate(names):
        logits, target = golden.binary(name)
        flags = torch.ones(len(logits), dtype=torch.bool)
        fields = dict(pred_logits=logits[:, None], gt_masks=target.long(), frame_valid=flags, frame_labelled=flags)
        clips.append(make_clip(index, **fields))
    return clips


@pytest.mark.parametrize('name', ['random', 'two_empty_gt', 'all_empty_gt', 'saturated'])
def test_one_clip_equals_the_published_call(golden, name):
    got = evaluate([METRIC], golden_clips(golden, [name]))
    expected = golden.expected['binary'][name]
    assert got['avs/J_frame'] == pytest.approx(expected['mask_iou'], abs=1e-6)
    assert got['avs/F_max'] == pytest.approx(expected['Eval_Fmeasure'], abs=1e-6)
    assert got['avs/F_max_exact'] == pytest.approx(expected['Eval_Fmeasure'], abs=1e-6)


@pytest.mark.parametrize('batch_videos', [1, 2, 3, 4])
def test_published_numbers_are_means_over_batches_in_the_order_of_the_set(golden, batch_videos):
    names = ['random', 'all_empty_gt', 'saturated', 'two_empty_gt']
    calls = []
    for start in range(0, 4, batch_videos):
        batch = [golden.binary(name) for name in names[start : start + batch_videos]]
        logits, target = (torch.cat(part) for part in zip(*batch, strict=True))
        calls.append((mask_iou(logits, target), f_max(logits, target)))
    clips = golden_clips(golden, names)
    for order in (clips, clips[::-1]):  # the clips may arrive in any order and batch size
        got = evaluate([dict(METRIC, batch_videos=batch_videos)], order, batch_size=3)
        assert got['avs/J_frame_official'] == pytest.approx(sum(j for j, _ in calls) / len(calls), abs=1e-9)
        assert got['avs/F_max'] == pytest.approx(sum(f for _, f in calls) / len(calls), abs=1e-9)
    logits, target = (torch.cat(part) for part in zip(*map(golden.binary, names), strict=True))
    assert got['avs/J_frame'] == pytest.approx(mask_iou(logits, target), abs=1e-9)
    assert got['avs/F_max_exact'] == pytest.approx(f_max(logits, target), abs=1e-9)
    assert got['avs/JF_mean'] == (got['avs/J_frame'] + got['avs/F_max_exact']) / 2


def test_empty_frames_are_reported_beside_j():
    masks = torch.zeros(4, 10, 100).long()
    masks[0, :5] = 1
    logits = torch.full((4, 1, 10, 100), -4.0)
    logits[0, 0, :5] = 4  # right
    logits[2, 0, 0, :2] = 4  # exactly 0.2 % of an empty frame
    logits[3, 0, 0, :40] = 4
    flags = torch.ones(4, dtype=torch.bool)
    clip = make_clip(0, pred_logits=logits, gt_masks=masks, frame_valid=flags, frame_labelled=flags)
    got = evaluate([METRIC], [clip])
    assert got['avs/J_nonempty'] == pytest.approx(1)
    assert got['avs/FP_area_empty'] == pytest.approx((0 + 0.002 + 0.04) / 3)
    assert got['avs/FP_rate_empty'] == pytest.approx(1 / 3)
    assert got['avs/J_frame'] == pytest.approx((1 + 1 + 0.998 + 0.96) / 4)
    assert (got['avs/num_frames'], got['avs/num_empty_frames']) == (4, 3)


def test_clip_without_a_countable_frame_changes_nothing():
    clips = make_clips(3)
    hidden = make_clip(3)
    hidden.frame_labelled[:] = False
    assert evaluate([dict(METRIC, batch_videos=1)], clips) == evaluate([dict(METRIC, batch_videos=1)], [*clips, hidden])


def test_score_rules_change_what_enters():
    clips = make_clips(num_classes=2)
    margin = evaluate([dict(METRIC, score='argmax_margin')], clips)
    softmax = evaluate([dict(METRIC, score='argmax_softmax')], clips)
    assert margin['avs/J_frame'] == softmax['avs/J_frame']
    assert margin['avs/F_max_exact'] != softmax['avs/F_max_exact']
    with pytest.raises(ValueError, match="clip 'clip0': score='sigmoid' does not fit"):
        evaluate([dict(METRIC, score='sigmoid')], clips)


def test_any_class_is_foreground():
    clip = make_clip(1, 4)
    binary = make_clip(1, 4)
    binary.gt_masks = torch.where(binary.gt_masks == 255, 255, (binary.gt_masks > 0).long())
    assert evaluate([METRIC], [clip]) == evaluate([METRIC], [binary])


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match='batch_videos must be positive'):
        BinaryAVSMetric(batch_videos=0)
    with pytest.raises(ValueError, match='score must be'):
        BinaryAVSMetric(score='logit')
