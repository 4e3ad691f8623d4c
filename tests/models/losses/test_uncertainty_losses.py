import copy

import pytest
import torch
from torch.distributions import Dirichlet, kl_divergence
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import EvidentialLoss, GaussianLogitLoss
from mmavs.models.losses.uncertainty_functional import dirichlet_kl_to_uniform, expected_cross_entropy


def case(num_classes=1, size=(6, 5), seed=0, **aux):
    generator = torch.Generator().manual_seed(seed)
    classes = max(num_classes, 2)
    masks = torch.randint(0, classes, (2, 3, 6, 5), generator=generator)
    masks[:, :, :2] = 255
    annotated = torch.tensor([[True, False, False], [True, True, False]])
    valid = torch.ones(2, 3, dtype=torch.bool)
    logits = 2 * torch.randn(2, 3, num_classes, 6, 5, generator=generator)
    aux = dict(
        mask_logits=logits,
        evidence=3 * torch.rand(2, 3, classes, *size, generator=generator),
        logit_log_var=torch.randn(2, 3, num_classes, *size, generator=generator),
    )
    features = AVSFeatures((), torch.zeros(2, 3, 1), valid, aux)
    return AVSOutput(logits, features), AVSTargets(masks, annotated, valid)


def loop(maps, targets, formula):
    """Mean over annotated frames of the mean of ``formula(values (n, C), labels (n,))`` over counted pixels."""
    values = []
    for b in range(2):
        for t in range(3):
            if targets.frame_annotated[b, t]:
                counted = targets.masks[b, t] != 255
                values.append(formula(*(m[b, t][:, counted].T for m in maps), targets.masks[b, t][counted]).mean())
    return torch.stack(values).mean()


def test_kl_equals_torch_distributions():
    alpha = 1 + 9 * torch.rand(4, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    want = kl_divergence(Dirichlet(alpha), Dirichlet(torch.ones_like(alpha)))
    torch.testing.assert_close(dirichlet_kl_to_uniform(alpha, dim=1), want)
    torch.testing.assert_close(dirichlet_kl_to_uniform(alpha.T, dim=0), want)
    assert dirichlet_kl_to_uniform(torch.ones(1, 5), dim=1).abs().max() < 1e-6


def test_expected_cross_entropy_is_that_of_samples():
    alpha = torch.tensor([0.8, 3.0, 6.0])
    torch.manual_seed(0)
    sampled = -Dirichlet(alpha).sample((200_000,)).log().mean(0)
    for label in range(3):
        masks = torch.full((1, 1, 1, 1), label)
        got = expected_cross_entropy(alpha.view(1, 1, 3, 1, 1), masks)
        assert got.item() == pytest.approx(sampled[label].item(), abs=0.02)


@pytest.mark.parametrize('num_classes', [1, 4])
def test_evidential_loss_equals_a_loop_with_torch_distributions(num_classes):
    output, targets = case(num_classes)

    def formula(evidence, labels):
        alpha = evidence + 1
        one_hot = F.one_hot(labels, alpha.shape[1])
        expected = torch.digamma(alpha.sum(1)) - (torch.digamma(alpha) * one_hot).sum(1)
        wrong = one_hot + (1 - one_hot) * alpha
        return expected + 0.5 * kl_divergence(Dirichlet(wrong), Dirichlet(torch.ones_like(wrong)))

    want = loop([output.features.aux['evidence']], targets, formula)
    loss = EvidentialLoss(loss_weight=2.0, kl_weight=0.5, anneal_steps=0)
    torch.testing.assert_close(loss(output, targets), 2 * want)


def test_labels_come_to_the_resolution_of_coarse_evidence():
    output, targets = case(size=(3, 5))
    every_second = AVSTargets(targets.masks[:, :, 1::2], targets.frame_annotated, targets.frame_valid)
    assert targets.masks.shape[-2:] == (6, 5)
    torch.testing.assert_close(EvidentialLoss()(output, targets), EvidentialLoss()(output, every_second))


def test_evidence_for_the_truth_lowers_the_loss_and_wrong_evidence_raises_it():
    output, targets = case()
    truth = F.one_hot(targets.masks.where(targets.masks != 255, 0), 2).permute(0, 1, 4, 2, 3).float()

    def value(evidence):
        return EvidentialLoss(anneal_steps=0)(AVSOutput(None, output.features.updated(evidence=evidence)), targets)

    none = torch.zeros_like(truth)
    assert value(5 * truth) < value(none) < value(5 * (1 - truth))


def test_kl_weight_anneals_by_training_calls_and_survives_a_checkpoint():
    output, targets = case()
    loss = EvidentialLoss(kl_weight=0.2, anneal_steps=4)
    weights = []
    for _ in range(6):
        weights.append(float(loss.current_kl_weight()))
        loss(output, targets)
    assert weights == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.2])
    resumed = EvidentialLoss(kl_weight=0.2, anneal_steps=4)
    resumed.load_state_dict(copy.deepcopy(loss.state_dict()))
    assert resumed.step == 6
    loss.eval()(output, targets)
    assert loss.step == 6


def test_binary_gaussian_loss_equals_a_dense_integral():
    output, targets = case()
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    density = torch.distributions.Normal(0.0, 1.0).log_prob(grid).exp() * (grid[1] - grid[0])

    def formula(mean, log_var, labels):
        z = mean.double() + (0.5 * log_var.double()).exp() * grid
        p = (z.sigmoid() * density).sum(1)
        return -torch.where(labels == 1, p, 1 - p).log()

    aux = output.features.aux
    want = loop([aux['mask_logits'], aux['logit_log_var']], targets, formula)
    torch.testing.assert_close(GaussianLogitLoss(1.0)(output, targets), want.float(), atol=1e-4, rtol=1e-4)


def test_multi_class_gaussian_loss_is_near_that_of_samples():
    output, targets = case(4)
    torch.manual_seed(0)
    noise = torch.randn(4000, 1, 4)

    def formula(mean, log_var, labels):
        p = (mean + (0.5 * log_var).exp() * noise).softmax(-1).mean(0)
        return -p.gather(1, labels[:, None]).log()

    aux = output.features.aux
    want = loop([aux['mask_logits'], aux['logit_log_var']], targets, formula)
    assert float(GaussianLogitLoss(1.0)(output, targets)) == pytest.approx(float(want), rel=0.05)


@pytest.mark.parametrize('num_classes', [1, 4])
def test_gaussian_loss_without_variance_is_cross_entropy(num_classes):
    output, targets = case(num_classes)
    output.features.aux['logit_log_var'] = torch.full_like(output.features.aux['logit_log_var'], -30.0)

    def formula(mean, labels):
        if num_classes == 1:
            return F.binary_cross_entropy_with_logits(mean[:, 0], labels.float(), reduction='none')
        return F.cross_entropy(mean, labels, reduction='none')

    want = loop([output.logits], targets, formula)
    torch.testing.assert_close(GaussianLogitLoss(1.0)(output, targets), want)


def test_variance_softens_the_price_of_a_wrong_logit():
    output, targets = case()
    wrong = torch.where(targets.masks == 1, -6.0, 6.0).unsqueeze(2)
    values = []
    for log_var in (-4.0, 2.0, 4.0):
        aux = dict(mask_logits=wrong, logit_log_var=torch.full_like(wrong, log_var))
        values.append(float(GaussianLogitLoss()(AVSOutput(wrong, output.features.updated(**aux)), targets)))
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(('loss', 'key'), [(EvidentialLoss, 'evidence'), (GaussianLogitLoss, 'logit_log_var')])
def test_only_annotated_frames_get_gradient_and_none_gives_zero(loss, key):
    output, targets = case()
    value = output.features.aux[key].requires_grad_()
    loss()(output, targets).backward()
    assert torch.equal(value.grad.flatten(2).abs().sum(-1) > 0, targets.frame_annotated)
    assert torch.isfinite(value.grad).all()
    targets.frame_annotated = torch.zeros_like(targets.frame_annotated)
    assert loss()(output, targets) == 0


@pytest.mark.parametrize(
    ('loss', 'branch'), [(EvidentialLoss, 'DirichletBranch'), (GaussianLogitLoss, 'GaussianLogitB')]
)
def test_a_head_without_the_branch_is_named(loss, branch):
    output, targets = case()
    output.features.aux.clear()
    with pytest.raises(ValueError, match=branch):
        loss()(output, targets)


@pytest.mark.parametrize(
    'build',
    [
        lambda: EvidentialLoss(kl_weight=-1),
        lambda: EvidentialLoss(anneal_steps=-1),
        lambda: GaussianLogitLoss(num_nodes=0),
    ],
)
def test_wrong_arguments_are_refused(build):
    with pytest.raises(ValueError, match='>='):
        build()
