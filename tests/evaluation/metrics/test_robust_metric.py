import pytest
import torch
from clips import evaluate, make_clip, make_clips

METRIC = dict(type='RobustAVSMetric')


def test_area_needs_no_truth_and_j_does():
    logits = torch.full((2, 1, 10, 100), -4.0)
    logits[1, 0, :5] = 4
    masks = torch.ones(2, 10, 100).long()
    flags = torch.ones(2, dtype=torch.bool)
    clip = make_clip(0, pred_logits=logits, gt_masks=masks, frame_valid=flags, frame_labelled=flags)
    got = evaluate([METRIC], [clip])
    assert got == {
        'avs/FPR_area': pytest.approx(0.25),
        'avs/mask_rate': 0.5,
        'avs/mIoU_original': pytest.approx(0.25),
    }


def test_j_is_that_of_the_binary_metric_and_both_fit_in_one_loop():
    got = evaluate([METRIC, dict(type='BinaryAVSMetric')], make_clips())
    assert got['avs/mIoU_original'] == got['avs/J_frame']
