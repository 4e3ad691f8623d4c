import pytest
import torch

from mmavs.evaluation.functional import class_labels, foreground_scores
from mmavs.evaluation.functional.scores import check_no_nan


def logits(num_classes, seed=0):
    return torch.randn(3, num_classes, 8, 9, generator=torch.Generator().manual_seed(seed)) * 3


def test_class_labels_are_the_first_maximum():
    values = logits(71).round()  # rounding makes ties
    assert torch.equal(class_labels(values), values.argmax(1))
    assert torch.equal(class_labels(torch.zeros(1, 5, 2, 2)), torch.zeros(1, 2, 2, dtype=torch.long))


@pytest.mark.parametrize(('rule', 'num_classes', 'score', 'decision'), [
    ('sigmoid', 1, lambda s: s[:, 0].sigmoid(), lambda s: s[:, 0] > 0),
    (None, 1, lambda s: s[:, 0].sigmoid(), lambda s: s[:, 0] > 0),
    ('softmax', 2, lambda s: s.softmax(1)[:, 1], lambda s: s[:, 1] > s[:, 0]),
    ('argmax_softmax', 2, lambda s: s.softmax(1)[:, 1], lambda s: s.argmax(1) == 1),
    ('argmax_margin', 2, lambda s: (2 * s[:, 1] - s[:, 0]).sigmoid(), lambda s: s.argmax(1) == 1),
    ('foreground', 5, lambda s: s.softmax(1)[:, 1:].sum(1), lambda s: s.argmax(1) > 0),
    (None, 5, lambda s: s.softmax(1)[:, 1:].sum(1), lambda s: s.argmax(1) > 0),
])  # fmt: skip
def test_rules_of_the_code_bases(rule, num_classes, score, decision):
    values = logits(num_classes)
    scores, decisions = foreground_scores(values, rule)
    torch.testing.assert_close(scores, score(values))
    assert torch.equal(decisions, decision(values))


def test_undecided_pixels_are_background():
    assert not foreground_scores(torch.zeros(1, 1, 2, 2))[1].any()
    for rule in ('softmax', 'argmax_softmax', 'argmax_margin', 'foreground'):
        assert not foreground_scores(torch.zeros(1, 2, 2, 2), rule)[1].any()


@pytest.mark.parametrize(('rule', 'num_classes'), [('sigmoid', 2), ('softmax', 3), ('foreground', 1)])
def test_rule_must_fit_the_number_of_classes(rule, num_classes):
    with pytest.raises(ValueError, match=f'score={rule!r} does not fit .* K = {num_classes}'):
        foreground_scores(logits(num_classes), rule)


def test_unknown_rule_is_named():
    with pytest.raises(ValueError, match=r"one of .*'sigmoid'.* got 'max'"):
        foreground_scores(logits(1), 'max')


def test_nan_is_refused_and_infinite_values_are_not():
    infinite = torch.tensor([float('inf'), float('-inf')])
    check_no_nan(infinite, 'x')
    with pytest.raises(ValueError, match=r'mask logits \(2,\) holds NaN'):
        check_no_nan(infinite * 0, 'mask logits')
