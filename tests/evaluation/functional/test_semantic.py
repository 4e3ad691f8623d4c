import numpy as np
import pytest
import torch

from mmavs.evaluation.functional import SemanticSums, binary_miou, frame_miou, semantic_frame_sums

SETS = ['random', 'blobs', 'small24']


def plain_sums(labels, target, num_classes):
    """The published sums, frame by frame and class by class."""
    iou, f, count = ([0.0] * num_classes for _ in range(3))
    for label, truth in zip(labels, target, strict=True):
        label, truth = label[truth != 255], truth[truth != 255]
        for index in range(num_classes):
            pred, true = label == index, truth == index
            inter, union = float((pred & true).sum()), float((pred | true).sum())
            iou[index] += inter / (union + 2.2e-16)
            if inter:
                precision, recall = inter / float(pred.sum()), inter / float(true.sum())
                f[index] += 1.3 * precision * recall / (0.3 * precision + recall)
            count[index] += union > 0
    return iou, f, count


@pytest.mark.parametrize('name', SETS)
def test_sums_and_means_equal_the_published_code(golden, name):
    logits, target = golden.semantic(name)
    expected = golden.expected['semantic'][name]
    sums = semantic_frame_sums(logits, target, expected['num_classes'])
    for got, key in ((sums.iou, 'iou_sum'), (sums.f, 'fscore_sum'), (sums.count, 'cls_count')):
        np.testing.assert_allclose(got, golden.arrays[f'semantic.{name}.{key}'], atol=1e-6)
    want = [expected[f'final_{kind}'] for kind in ('miou', 'fscore')]
    assert sums.mean_scores() == pytest.approx(want, abs=1e-6)
    want = [expected[f'final_{kind}_noBg_official'] for kind in ('miou', 'fscore')]
    assert sums.mean_scores(slice(None, -1)) == pytest.approx(want, abs=1e-6)
    assert sums.mean_over_seen()[0] == pytest.approx(expected['running_miou_over_seen'], abs=1e-6)
    assert int((sums.count > 0).sum()) == expected['classes_seen']
    np.testing.assert_allclose(
        frame_miou(logits, target, expected['num_classes']), golden.arrays[f'semantic.{name}.vid_miou'], atol=1e-6
    )


@pytest.mark.parametrize('name', SETS)
def test_binary_miou_of_both_code_bases(golden, name):
    logits, target = golden.semantic(name)
    expected = golden.expected['semantic'][name]
    last = expected['num_classes'] - 1
    assert binary_miou(logits, target, background=last) == pytest.approx(
        expected['calc_binary_miou_avsbench'], abs=1e-6
    )
    assert binary_miou(logits, target, background=0) == pytest.approx(expected['calc_binary_miou_cavp'], abs=1e-6)


def test_sums_of_several_sets_add_up(golden):
    total = None
    for name in ('random', 'blobs'):
        sums = semantic_frame_sums(*golden.semantic(name), 71)
        total = sums if total is None else total + sums
    expected = golden.expected['semantic_accumulated_over_all_71_class_sets']
    assert total.mean_scores() == pytest.approx((expected['final_miou'], expected['final_fscore']), abs=1e-6)
    assert int((total.count > 0).sum()) == expected['classes_seen']


def test_sums_equal_a_plain_loop_with_ignored_pixels():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 6, (4, 9, 9), generator=generator)
    target = torch.randint(0, 7, (4, 9, 9), generator=generator)
    labels[labels == 3], target[target == 5] = 0, 2
    target[target == 6] = 255
    sums = semantic_frame_sums(labels, target, 7)
    for got, want in zip((sums.iou, sums.f, sums.count), plain_sums(labels, target, 7), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)


def test_any_split_into_calls_gives_the_same_sums():
    generator = torch.Generator().manual_seed(0)
    labels, target = (torch.randint(0, 5, (6, 8, 8), generator=generator) for _ in range(2))
    whole = semantic_frame_sums(labels, target, 5)
    parts = semantic_frame_sums(labels[:1], target[:1], 5) + semantic_frame_sums(labels[1:], target[1:], 5)
    torch.testing.assert_close(parts.iou, whole.iou)
    torch.testing.assert_close(parts.f, whole.f)
    assert torch.equal(parts.count, whole.count)


def test_padded_frames_equal_frames_of_background():
    sums = semantic_frame_sums(torch.ones(1, 4, 4).long(), torch.ones(1, 4, 4).long(), 3)
    background = torch.zeros(5, 4, 4).long()
    padded, real = sums.with_perfect_background(5), sums + semantic_frame_sums(background, background, 3)
    for key in ('iou', 'f', 'count'):
        torch.testing.assert_close(getattr(padded, key), getattr(real, key))


def test_class_never_seen_counts_zero():
    sums = SemanticSums(*(torch.tensor(value).double() for value in ([2, 0], [1, 0], [2, 0])))
    assert sums.mean_scores() == (0.5, 0.25)
    assert sums.mean_over_seen() == (1.0, 0.5)


def test_bad_input_is_named():
    labels = torch.zeros(2, 4, 4).long()
    with pytest.raises(ValueError, match=r'target holds labels outside 0\.\.2'):
        semantic_frame_sums(labels, labels + 3, 3)
    with pytest.raises(ValueError, match=r'prediction holds labels outside 0\.\.2'):
        semantic_frame_sums(labels - 1, labels, 3)
    with pytest.raises(ValueError, match=r'must both be \(N, H, W\)'):
        semantic_frame_sums(labels, labels[:, :2], 3)
    with pytest.raises(ValueError, match='K = num_classes = 3'):
        semantic_frame_sums(torch.zeros(2, 5, 4, 4), labels, 3)
    with pytest.raises(ValueError, match=r'must both be \(N, H, W\)'):
        binary_miou(labels, labels[:, :2], background=0)
