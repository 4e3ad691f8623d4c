import math

import pytest
import torch
from torch import nn

from mmavs.models.decode_heads import DirichletBranch, DropoutBranch, EntropyBranch, GaussianLogitBranch
from mmavs.models.decode_heads.uncertainty import MaskPrediction
from mmavs.models.decode_heads.uncertainty.measures import class_probabilities, entropy, error_probability

SIZE = (5, 4)
BRANCHES = [
    (DirichletBranch, {}),
    (DirichletBranch, dict(measure='error')),
    (DirichletBranch, dict(measure='entropy')),
    (GaussianLogitBranch, dict(measure='error')),
    (GaussianLogitBranch, dict(measure='entropy')),
    (DropoutBranch, dict(dropout=0.3)),
    (DropoutBranch, dict(dropout=0.3, quantity='mutual_information')),
    (EntropyBranch, dict(measure='error')),
    (EntropyBranch, dict(measure='entropy')),
]


def mask_of(num_classes=1, scale=1.0, channels=6, seed=0):
    torch.manual_seed(seed)
    classify = nn.Conv2d(channels, num_classes, 1)
    hidden = torch.randn(3, channels, 5, 4).relu() * scale
    with torch.no_grad():
        return MaskPrediction(classify(hidden), hidden, classify)


@pytest.mark.parametrize('scale', [0.0, 1.0, 1e4])
@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize(('branch', 'options'), BRANCHES)
def test_uncertainty_lies_in_0_1_and_is_the_same_each_time(branch, options, num_classes, scale):
    module = branch(6, num_classes, **options).eval()
    x = torch.randn(3, 6, 5, 4, generator=torch.Generator().manual_seed(1)) * scale
    first, second = (module(x, mask_of(num_classes, scale), SIZE).uncertainty for _ in range(2))
    assert first.shape == (3, 5, 4)
    assert torch.equal(first, second)
    assert 0 <= first.min() <= first.max() <= 1


def test_dirichlet_uncertainty_falls_as_evidence_grows():
    module = DirichletBranch(6).eval()
    nn.init.zeros_(module.branch.classify.weight)
    x, values = torch.randn(1, 6, 2, 2), []
    for bias in (-30.0, -1.0, 0.0, 2.0, 9.0):
        nn.init.constant_(module.branch.classify.bias, bias)
        values.append(float(module(x, mask_of(), SIZE).uncertainty.detach().mean()))
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1)
    assert values[2] == pytest.approx(2 / (2 * math.log(2) + 2))
    assert values[-1] < 0.11


@pytest.mark.parametrize('measure', ['error', 'entropy'])
def test_dirichlet_mean_is_uncertain_without_evidence_and_with_balanced_evidence(measure):
    module = DirichletBranch(6, measure=measure).eval()
    nn.init.zeros_(module.branch.classify.weight)
    values = []
    for bias in ([-30.0, -30.0], [5.0, 5.0], [-30.0, 1.0], [-30.0, 5.0], [-30.0, 40.0]):
        module.branch.classify.bias.data = torch.tensor(bias)
        values.append(float(module(torch.randn(1, 6, 2, 2), mask_of(), SIZE).uncertainty.detach().mean()))
    assert values[:2] == pytest.approx([1, 1])
    assert values[1:] == sorted(values[1:], reverse=True)
    assert module(torch.randn(1, 6, 2, 2), mask_of(), SIZE).aux['evidence'].max() > 39
    p = 1 / 42
    want = 2 * p if measure == 'error' else -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
    assert values[-1] == pytest.approx(want, rel=1e-3)


def test_evidence_for_the_loss_stays_at_the_resolution_of_the_map():
    estimate = DirichletBranch(6)(torch.randn(3, 6, 5, 4), mask_of(), (20, 16))
    assert estimate.aux['evidence'].shape == (3, 2, 5, 4)
    assert estimate.uncertainty.shape == (3, 20, 16)


@pytest.mark.parametrize(('num_classes', 'outputs'), [(1, 2), (4, 4)])
def test_dirichlet_has_a_class_for_the_background(num_classes, outputs):
    estimate = DirichletBranch(6, num_classes)(torch.randn(3, 6, 5, 4), mask_of(num_classes), SIZE)
    evidence = estimate.aux['evidence']
    assert evidence.shape == (3, outputs, 5, 4)
    torch.testing.assert_close(estimate.uncertainty, outputs / (evidence + 1).sum(1))


@pytest.mark.parametrize('num_classes', [1, 4])
def test_gaussian_without_variance_is_the_masks_own_and_variance_adds(num_classes):
    module, mask = GaussianLogitBranch(6, num_classes).eval(), mask_of(num_classes)
    nn.init.zeros_(module.branch.classify.weight)
    values = []
    for log_var in (-30.0, 0.0, 2.0):
        nn.init.constant_(module.branch.classify.bias, log_var)
        values.append(module(torch.randn(3, 6, 5, 4), mask, SIZE).uncertainty)
    own = EntropyBranch(6, num_classes, measure='error')(torch.zeros(3, 6, 5, 4), mask, SIZE).uncertainty
    torch.testing.assert_close(values[0], own, atol=1e-4, rtol=0)
    assert (values[1] > values[0]).all()
    assert (values[2] > values[1]).all()


def test_gaussian_uncertainty_is_the_expected_error_of_samples():
    module = GaussianLogitBranch(6, 1).eval()
    nn.init.zeros_(module.branch.classify.weight)
    nn.init.constant_(module.branch.classify.bias, math.log(4.0))
    mask = mask_of(scale=3.0)
    noise = torch.randn(20000, 1, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    p = (mask.logits + 2 * noise).sigmoid().mean(0)[:, 0]
    got = module(torch.zeros(3, 6, 5, 4), mask, SIZE).uncertainty
    torch.testing.assert_close(got, 1 - (2 * p - 1).abs(), atol=0.05, rtol=0)


@pytest.mark.parametrize('quantity', ['predictive_entropy', 'mutual_information'])
@pytest.mark.parametrize('num_classes', [1, 3])
def test_dropout_equals_a_loop_over_passes(quantity, num_classes):
    module, mask = DropoutBranch(6, num_classes, 0.5, num_passes=4, quantity=quantity), mask_of(num_classes, 4.0)
    passes = []
    for scale in module.channel_scale:
        logits = mask.classify(mask.hidden * scale[:, None, None])
        p = logits.softmax(1) if num_classes > 1 else torch.cat((1 - logits.sigmoid(), logits.sigmoid()), 1)
        passes.append(p)

    def bits(p):
        return -(p * p.clamp(min=1e-30).log()).sum(1) / math.log(p.shape[1])

    want = bits(torch.stack(passes).mean(0))
    if quantity == 'mutual_information':
        want = want - torch.stack([bits(p) for p in passes]).mean(0)
    torch.testing.assert_close(module(None, mask, SIZE).uncertainty, want, atol=1e-5, rtol=1e-4)
    kept = DropoutBranch(1000, dropout=0.3).channel_scale
    assert kept.mean() == pytest.approx(1, abs=0.03)
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.7])


def test_measures_have_their_textbook_values():
    sure, even = torch.tensor([0.0, 1, 0, 0]).view(4, 1, 1), torch.full((4, 1, 1), 0.25)
    for measure in (entropy, error_probability):
        assert measure(sure).item() == 0
        assert measure(even).item() == pytest.approx(1)
    p = class_probabilities(torch.tensor([2.0]).view(1, 1, 1))
    assert error_probability(p).item() == pytest.approx(1 - abs(2 * p[1].item() - 1))
    assert p.sum().item() == pytest.approx(1)


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: DropoutBranch(6), 'needs a dropout rate between 0 and 1'),
        (lambda: DropoutBranch(6, dropout=0.1, num_passes=1), 'num_passes >= 2'),
        (lambda: DropoutBranch(6, dropout=0.1, quantity='var'), "got 'var'"),
        (lambda: DirichletBranch(6, measure='var'), "DirichletBranch: measure must be .*'vacuity'.* got 'var'"),
        (lambda: EntropyBranch(6, measure='var'), "EntropyBranch: measure must be .* got 'var'"),
    ],
)
def test_wrong_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
