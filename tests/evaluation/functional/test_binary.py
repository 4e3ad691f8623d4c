import numpy as np
import pytest
import torch

from mmavs.evaluation.functional import (
    f_curve,
    f_max,
    iou_of_masks,
    mask_iou,
    mask_iou_per_frame,
    precision_recall_curves,
    thresholds,
)
from mmavs.evaluation.functional.binary import count_reached

SETS = ['random', 'two_empty_gt', 'all_empty_gt', 'saturated']


def plain_curves(scores, target):
    """Precision and recall by 255 comparisons per frame, in float64 counts."""
    table = torch.linspace(0, 1 - 1e-10, 255)
    precision, recall = torch.zeros(len(scores), 255).double(), torch.zeros(len(scores), 255).double()
    for i, (score, truth) in enumerate(zip(scores, target, strict=True)):
        score, truth = score[truth != 255], truth[truth != 255]
        for j, threshold in enumerate(table):
            positive = score >= threshold
            hits = float((positive & (truth == 1)).sum())
            precision[i, j] = hits / (float(positive.sum()) + 1e-20)
            recall[i, j] = hits / (float((truth == 1).sum()) + 1e-20)
    return precision, recall


@pytest.mark.parametrize('name', SETS)
def test_j_and_f_equal_the_published_code(golden, name):
    logits, target = golden.binary(name)
    expected = golden.expected['binary'][name]
    assert mask_iou(logits, target) == pytest.approx(expected['mask_iou'], abs=1e-6)
    assert f_max(logits, target) == pytest.approx(expected['Eval_Fmeasure'], abs=1e-6)
    np.testing.assert_allclose(mask_iou_per_frame(logits, target), expected['mask_iou_per_frame'], atol=1e-6)
    per_frame = [f_max(logits[i : i + 1], target[i : i + 1]) for i in range(len(logits))]
    np.testing.assert_allclose(per_frame, expected['Eval_Fmeasure_per_frame'], atol=1e-6)


@pytest.mark.parametrize('name', SETS)
def test_precision_and_recall_equal_the_published_code(golden, name):
    logits, target = golden.binary(name)
    precision, recall = precision_recall_curves(logits.sigmoid(), target)
    for frame in (0, 1):
        np.testing.assert_allclose(precision[frame], golden.arrays[f'binary.{name}.prec.{frame}'], atol=1e-6)
        np.testing.assert_allclose(recall[frame], golden.arrays[f'binary.{name}.recall.{frame}'], atol=1e-6)


def test_last_threshold_is_one():
    assert len(thresholds()) == 255
    assert thresholds()[0] == 0
    assert thresholds()[-1] == 1


def test_thresholds_reached_are_exact_at_and_beside_every_threshold():
    table = thresholds()
    zero, one = torch.tensor(0.0), torch.tensor(1.0)
    random = torch.rand(10000, generator=torch.Generator().manual_seed(0))
    scores = torch.cat([table, torch.nextafter(table, zero), torch.nextafter(table, one), random])
    want = (scores[:, None] >= table).sum(1)
    assert torch.equal(count_reached(scores, table).long(), want)


@pytest.mark.parametrize('shape', [(4, 9, 7), (2, 260, 260)])  # smaller and larger than what is binned at once
def test_curves_equal_255_comparisons_with_ties_and_ignored_pixels(shape):
    generator = torch.Generator().manual_seed(1)
    scores = thresholds()[torch.randint(0, 255, shape, generator=generator)]
    other = torch.rand(shape, generator=generator)
    scores = torch.where(torch.rand(shape, generator=generator) < 0.5, scores, other)
    target = torch.randint(0, 2, shape, generator=generator)
    target[torch.rand(shape, generator=generator) < 0.1] = 255
    for got, want in zip(precision_recall_curves(scores, target), plain_curves(scores, target), strict=True):
        torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


def test_empty_frames_are_skipped_by_f_and_rewarded_by_j():
    logits = torch.full((2, 4, 4), -5.0)
    target = torch.zeros(2, 4, 4)
    target[0, :2] = 1
    logits[0, :2] = 5
    assert f_max(logits, target) == pytest.approx(1)
    assert mask_iou(logits, target) == pytest.approx(1)
    logits[1, 0] = 5  # a quarter of the empty frame
    assert f_max(logits, target) == pytest.approx(1)
    assert mask_iou_per_frame(logits, target).tolist() == pytest.approx([1, 0.75])
    assert f_max(logits[1:], target[1:]) == 0


def test_ignored_pixels_do_not_count():
    generator = torch.Generator().manual_seed(0)
    logits, target = torch.randn(3, 6, 6, generator=generator), torch.randint(0, 2, (3, 6, 6), generator=generator)
    target[2] = 0
    wide = torch.cat([target, torch.full((3, 6, 5), 255)], 2)
    padded = torch.cat([logits, torch.randn(3, 6, 5, generator=generator)], 2)
    torch.testing.assert_close(mask_iou_per_frame(padded, wide), mask_iou_per_frame(logits, target))
    assert f_max(padded, wide) == f_max(logits, target)


def test_no_frames_give_empty_results():
    empty = torch.zeros(0, 4, 4)
    assert mask_iou_per_frame(empty, empty).shape == (0,)
    assert [value.shape for value in f_curve(empty, empty)] == [(0, 255), (0,)]


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64, torch.float32, torch.bool])
def test_target_may_have_any_type(golden, dtype):
    logits, target = golden.binary('two_empty_gt')
    assert mask_iou(logits, target.to(dtype)) == mask_iou(logits, target)
    assert f_max(logits, target.to(dtype)) == f_max(logits, target)


def test_half_precision_logits_are_scored_in_float32():
    logits = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    target = (torch.arange(128).view(2, 8, 8) % 3 == 0).long()
    assert f_max(logits, target) == f_max(logits.float(), target)
    assert mask_iou(logits, target) == mask_iou(logits.float(), target)


@pytest.mark.parametrize('function', [mask_iou, f_max])
def test_bad_input_is_named(function):
    logits, target = torch.zeros(2, 4, 4), torch.zeros(2, 4, 4)
    with pytest.raises(ValueError, match=r'prediction \(2, 4, 4\) and target \(2, 4, 5\) must both be \(N, H, W\)'):
        function(logits, torch.zeros(2, 4, 5))
    with pytest.raises(ValueError, match='NaN'):
        function(logits * float('nan'), target)
    with pytest.raises(ValueError, match='binarise it'):
        function(logits, target + 3)


def test_f_of_logits_in_place_of_scores_is_refused():
    with pytest.raises(ValueError, match=r'scores must lie in \[0, 1\].*sigmoid'):
        f_curve(torch.full((1, 2, 2), 4.0), torch.ones(1, 2, 2))


def test_iou_of_masks_of_a_known_overlap():
    pred, target = torch.zeros(1, 4, 4, dtype=torch.bool), torch.zeros(1, 4, 4)
    pred[0, :2], target[0, 1:3] = True, 1
    assert iou_of_masks(pred, target).item() == pytest.approx(1 / 3)
