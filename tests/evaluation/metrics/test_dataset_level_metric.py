import pytest
import torch
from clips import evaluate, make_clip, make_clips

METRIC = dict(type='DatasetLevelMetric')


def test_set_equals_the_published_code(golden):
    logits, target = golden.semantic('small24')
    expected = golden.expected['semantic']['small24']['cavp']
    flags = torch.ones(3, dtype=torch.bool)
    clips = [
        make_clip(i, pred_logits=logits[part], gt_masks=target[part], frame_valid=flags, frame_labelled=flags)
        for i, part in enumerate((slice(0, 3), slice(3, 6)))
    ]
    got = evaluate([dict(METRIC, decimals=4)], clips)
    for ours, theirs in (('mIoU', 'miou'), ('FDR', 'fdr'), ('F1', 'f1'), ('F03', 'f_0_3')):
        assert got[f'avs/{ours}_dataset'] == pytest.approx(expected[theirs], abs=1e-9)
    exact = evaluate([METRIC], clips)
    assert exact['avs/mIoU_dataset'] == pytest.approx(expected['miou_unrounded'], abs=1e-9)
    assert exact['avs/mIoU_present'] == pytest.approx(exact['avs/mIoU_dataset'] * 24 / 4)
    assert exact['avs/F03_present'] == pytest.approx(exact['avs/F03_dataset'])


def test_one_logit_is_two_classes():
    clips = make_clips()
    doubled = make_clips()
    for clip in doubled:
        clip.pred_logits = torch.cat([torch.zeros_like(clip.pred_logits), clip.pred_logits], 1)
    assert evaluate([METRIC], clips) == evaluate([METRIC], doubled)


def test_long_clips_weigh_by_their_pixels():
    first, second = make_clip(1), make_clip(3)
    got = evaluate([METRIC], [first, second])['avs/accuracy']
    right = total = 0
    for clip in (first, second):
        counted = clip.frame_labelled[:, None, None] & (clip.gt_masks != 255)
        right += int((((clip.pred_logits[:, 0] > 0) == (clip.gt_masks == 1)) & counted).sum())
        total += int(counted.sum())
    assert got == pytest.approx(right / total)


def test_semantic_masks_with_one_logit_are_an_error():
    with pytest.raises(ValueError, match=r"clip 'clip1': the target holds labels outside 0\.\.1"):
        evaluate([METRIC], [make_clip(1, gt_masks=torch.full((5, 12, 16), 7))])


def semantic_clips():
    generator = torch.Generator().manual_seed(3)
    clips = []
    for i in range(3):
        masks = torch.zeros(2, 24, 24, dtype=torch.long)
        masks[0, :11, :10] = 3
        masks[0, 13:, :10] = 9 if i else 3  # the first clip shows one class only
        logits = torch.randn(2, 22, 24, 24, generator=generator)
        flags = torch.ones(2, dtype=torch.bool)
        clips.append(make_clip(i, pred_logits=logits, gt_masks=masks, frame_valid=flags, frame_labelled=flags))
    return clips


def test_the_24_rows_of_the_published_vpo_validation_change_the_mean_iou_only():
    clips = semantic_clips()
    small, large = evaluate([METRIC], clips), evaluate([dict(METRIC, num_classes=24)], clips)
    for key in ('F1_dataset', 'F03_dataset', 'FDR_dataset', 'accuracy', 'mIoU_present'):
        assert large[f'avs/{key}'] == pytest.approx(small[f'avs/{key}'])
    assert large['avs/mIoU_dataset'] == pytest.approx(small['avs/mIoU_dataset'] * 22 / 24)


def test_a_model_with_more_classes_than_the_matrix_is_an_error():
    with pytest.raises(ValueError, match=r'the model has 22 classes, the metric num_classes=21'):
        evaluate([dict(METRIC, num_classes=21)], semantic_clips())


def test_frames_of_several_objects_can_be_scored_alone():
    clips = semantic_clips()
    got = evaluate([METRIC, dict(METRIC, several_only=True, prefix='several')], clips)
    chosen = clips[1:]
    for clip in chosen:
        clip.frame_labelled = torch.tensor([True, False])
    expected = evaluate([METRIC], chosen)
    assert got['several/accuracy'] == pytest.approx(expected['avs/accuracy'])
    assert got['several/F03_dataset'] == pytest.approx(expected['avs/F03_dataset'])
    assert got['avs/accuracy'] != got['several/accuracy']
