import math

import numpy as np
import pytest
import torch

from mmavs.evaluation.functional import (
    accuracy,
    class_iou,
    confusion_matrix,
    dataset_scores,
    f_beta_dataset,
    f_beta_present,
    fdr_dataset,
    miou_dataset,
    miou_present,
)
from mmavs.evaluation.functional.dataset_level import shows_several

SETS = ['random', 'blobs', 'small24']


def matrices(golden, name):
    logits, target = golden.semantic(name)
    num_classes = golden.expected['semantic'][name]['num_classes']
    ignored = target.clone()
    ignored[:, :2] = 255
    return [confusion_matrix(logits.argmax(1), t, num_classes) for t in (target, ignored)]


@pytest.mark.parametrize('name', SETS)
@pytest.mark.parametrize(('index', 'key'), [(0, 'cavp'), (1, 'cavp_top2rows_ignored255')])
def test_scores_equal_the_published_code(golden, name, index, key):
    matrix, expected = matrices(golden, name)[index], golden.expected['semantic'][name][key]
    inter, union = class_iou(matrix)
    assert inter.tolist() == expected['inter']
    assert union.tolist() == expected['union']
    assert miou_dataset(matrix) == pytest.approx(expected['miou_unrounded'], abs=1e-6)
    assert accuracy(matrix) == pytest.approx(expected['acc_unrounded'], abs=1e-6)
    rounded = dataset_scores(matrix, decimals=4)
    for ours, theirs in (
        ('mIoU_dataset', 'miou'),
        ('accuracy', 'acc'),
        ('FDR_dataset', 'fdr'),
        ('F1_dataset', 'f1'),
        ('F03_dataset', 'f_0_3'),
    ):
        assert rounded[ours] == pytest.approx(expected[theirs], abs=1e-9)


@pytest.mark.parametrize('name', SETS)
def test_confusion_equals_the_published_code(golden, name):
    matrix, ignored = (m.numpy() for m in matrices(golden, name))
    if name == 'small24':
        assert np.array_equal(matrix, golden.arrays['semantic.small24.cavp_confusion'])
        assert np.array_equal(ignored, golden.arrays['semantic.small24.cavp_confusion_ignored'])
    else:
        prefix = f'semantic.{name}.cavp_confusion_'
        assert np.array_equal(matrix.diagonal(), golden.arrays[f'{prefix}diag'])
        assert np.array_equal(matrix.sum(1), golden.arrays[f'{prefix}rowsum'])
        assert np.array_equal(matrix.sum(0), golden.arrays[f'{prefix}colsum'])


def test_absent_classes_count_zero_in_one_family_and_not_in_the_other():
    matrix = torch.zeros(4, 4).long()
    matrix[0, 0], matrix[1, 1], matrix[1, 0] = 6, 2, 2
    iou = (6 / 8 + 2 / 4) / 2
    assert miou_present(matrix) == pytest.approx(iou)
    assert miou_dataset(matrix) == pytest.approx(iou / 2)
    f1 = (2 * 6 / (2 * 6 + 2) + 2 * 2 / (2 * 2 + 2)) / 2
    assert f_beta_dataset(matrix, 1.0) == pytest.approx(f1)
    assert f_beta_present(matrix, 1.0) == pytest.approx(f1)
    assert fdr_dataset(matrix) == pytest.approx((2 / 8 + 0) / 2)
    scores = dataset_scores(matrix)
    assert scores['JF_beta'] == (scores['mIoU_dataset'] + scores['F03_dataset']) / 2


def test_empty_extra_classes_do_not_change_f_and_fdr():
    generator = torch.Generator().manual_seed(0)
    small = torch.randint(0, 50, (22, 22), generator=generator)
    large = torch.zeros(24, 24).long()
    large[:22, :22] = small
    assert f_beta_dataset(large, 0.3) == pytest.approx(f_beta_dataset(small, 0.3))
    assert fdr_dataset(large) == pytest.approx(fdr_dataset(small))
    assert miou_dataset(large) == pytest.approx(miou_dataset(small) * 22 / 24)


def test_nothing_labelled():
    matrix = confusion_matrix(torch.zeros(1, 2, 2), torch.full((1, 2, 2), 255), 3)
    assert matrix.sum() == 0
    assert miou_present(matrix) == f_beta_present(matrix, 0.3) == accuracy(matrix) == 0
    assert math.isnan(fdr_dataset(matrix))


def test_bad_input_is_named():
    labels = torch.zeros(1, 2, 2).long()
    with pytest.raises(ValueError, match='must have one shape'):
        confusion_matrix(labels, labels[:, :1], 2)
    with pytest.raises(ValueError, match=r'target holds labels outside 0\.\.1'):
        confusion_matrix(labels, labels + 2, 2)
    with pytest.raises(ValueError, match=r'prediction holds labels outside 0\.\.1'):
        confusion_matrix(labels + 2, labels, 2)


def plain_scores(labels, target, num_classes):
    """Count with sets of pixels, class by class, as the definitions say."""
    kept = target != 255
    labels, target = labels[kept], target[kept]
    iou, fdr, f = [], [], {1.0: [], 0.3: []}
    for c in range(num_classes):
        tp = float(((labels == c) & (target == c)).sum())
        fp = float(((labels == c) & (target != c)).sum())
        fn = float(((labels != c) & (target == c)).sum())
        iou.append(tp / (tp + fp + fn) if tp + fp + fn else 0.0)
        if tp + fp:
            fdr.append(fp / (tp + fp))
        for beta2, values in f.items():
            bottom = (1 + beta2) * tp + beta2 * fn + fp
            if bottom:
                values.append((1 + beta2) * tp / bottom)
    mean = {name: sum(v) / len(v) for name, v in dict(iou=iou, fdr=fdr, f1=f[1.0], f03=f[0.3]).items()}
    return mean, float((labels == target).mean())


@pytest.mark.parametrize('seed', range(3))
def test_all_scores_equal_a_plain_reference_on_vpo_like_labels(seed):
    rng = np.random.default_rng(seed)
    target = rng.choice([0, 3, 9, 12, 21, 255], (4, 37, 53), p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    labels = np.where(rng.random(target.shape) < 0.6, target, rng.choice([0, 3, 5, 12], target.shape))
    labels = np.where(labels == 255, 5, labels)
    matrix = confusion_matrix(torch.from_numpy(labels), torch.from_numpy(target), 22)
    mean, right = plain_scores(labels, target, 22)
    scores = dataset_scores(matrix)
    assert scores['mIoU_dataset'] == pytest.approx(mean['iou'])
    assert scores['FDR_dataset'] == pytest.approx(mean['fdr'])
    assert scores['F1_dataset'] == pytest.approx(mean['f1'])
    assert scores['F03_dataset'] == pytest.approx(mean['f03'])
    assert scores['accuracy'] == pytest.approx(right)
    assert scores['JF_beta'] == pytest.approx((mean['iou'] + mean['f03']) / 2)


def test_several_objects_are_more_than_two_labels_with_more_than_100_pixels():
    target = torch.zeros(4, 30, 30).long()
    target[0, :10, :10], target[0, 20:, :11] = 3, 7  # 100 and 110 pixels
    target[1, :10, :11], target[1, 20:, :11] = 3, 7
    target[2, :20], target[2, 20:] = 3, 7  # two labels, no background
    target[3, :10, :11], target[3, 20:, :11] = 3, 255
    assert shows_several(target, 22).tolist() == [False, True, False, False]
