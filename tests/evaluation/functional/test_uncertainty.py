import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from mmavs.evaluation.functional.uncertainty import (
    auroc,
    auroc_of_histograms,
    bin_values,
    calibration_sums,
    expected_calibration_error,
    score_bins,
    score_histograms,
)


def case(seed=0, number=20_000, power=6):
    """Scores, most of them near 0 as of a good model, that rank positives higher."""
    generator = torch.Generator().manual_seed(seed)
    positive = torch.rand(number, generator=generator) < 0.1
    scores = (torch.rand(number, generator=generator) + 0.2 * positive).clamp(max=1) ** power
    return scores, positive


def test_exact_auroc_equals_sklearn_also_with_ties():
    scores, positive = case()
    for values in (scores, (scores * 10).round() / 10):
        assert auroc(values, positive) == pytest.approx(roc_auc_score(positive, values), abs=1e-12)


@pytest.mark.parametrize('power', [1, 6, 9])
def test_binned_auroc_is_near_that_of_sklearn_and_exact_for_the_bins(power):
    scores, positive = case(power=power)
    histograms = score_histograms(scores, positive)
    got = auroc_of_histograms(histograms)
    assert got == pytest.approx(roc_auc_score(positive, score_bins(scores)), abs=1e-12)
    want = roc_auc_score(positive, scores)
    share_bin = (histograms[0].double() * histograms[1]).sum() / histograms.sum(1).prod()
    assert abs(got - want) <= share_bin / 2
    assert abs(got - want) < 2e-3


def test_bins_ascend_and_tell_small_scores_apart():
    scores = torch.cat((torch.zeros(1), torch.logspace(-12, 0, 300, dtype=torch.float64).float()))
    bins = score_bins(scores)
    assert (bins.diff() > 0).all()
    assert bins[0] == 0
    values = bin_values()
    assert (values.diff() > 0).all()
    assert (values[bins] <= scores).all()
    assert (values[bins][1:] >= scores[1:] * (63 / 64)).all()
    assert values[score_bins(torch.ones(1))] == 1


def test_histograms_of_parts_add_up():
    scores, positive = case()
    parts = sum(score_histograms(s, p) for s, p in zip(scores.split(777), positive.split(777), strict=True))
    assert torch.equal(parts, score_histograms(scores, positive))


def test_a_ranking_of_one_kind_is_nan():
    scores = torch.rand(5)
    for positive in (torch.ones(5).bool(), torch.zeros(5).bool()):
        assert math.isnan(auroc(scores, positive))
        assert math.isnan(auroc_of_histograms(score_histograms(scores, positive)))
    assert math.isnan(auroc(scores[:0], positive[:0]))


@pytest.mark.parametrize('bad', [-0.1, 1.1, float('nan')])
def test_scores_outside_their_range_are_refused(bad):
    with pytest.raises(ValueError, match=r'must lie in \[0, 1\]'):
        score_bins(torch.tensor([0.5, bad]))


def test_calibration_error_equals_a_loop_over_bins():
    scores, _ = case(power=1)
    right = torch.rand(len(scores), generator=torch.Generator().manual_seed(1)) < scores**2
    want = 0.0
    for i in range(15):
        inside = (scores.double() * 15).long().clamp(max=14) == i
        gap = scores[inside].double().mean() - right[inside].double().mean()
        want += float(gap.abs()) * float(inside.double().mean())
    parts = sum(calibration_sums(s, r) for s, r in zip(scores.split(999), right.split(999), strict=True))
    assert expected_calibration_error(parts) == pytest.approx(want)


def test_a_calibrated_prediction_has_no_error():
    confidence = torch.rand(400_000, generator=torch.Generator().manual_seed(0))
    right = torch.rand(400_000, generator=torch.Generator().manual_seed(1)) < confidence
    assert expected_calibration_error(calibration_sums(confidence, right)) < 5e-3
    assert expected_calibration_error(calibration_sums(confidence, ~right)) > 0.3
