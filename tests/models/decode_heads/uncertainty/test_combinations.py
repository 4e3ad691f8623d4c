import pytest
import torch

from mmavs.models.decode_heads import CalibratedShift, ProductCombination, ScaledProduct, TemperatureCombination

FITTED = {
    CalibratedShift: dict(strength=3.0, pivot=0.5),
    ScaledProduct: dict(reference=0.5),
    TemperatureCombination: dict(scale=4.0),
    ProductCombination: {},
}
NEUTRAL = [CalibratedShift, ScaledProduct, TemperatureCombination]


def case(num_classes, scale=3.0):
    generator = torch.Generator().manual_seed(num_classes)
    logits = scale * torch.randn(2, num_classes, 16, 16, generator=generator)
    return logits, torch.rand(2, 16, 16, generator=generator)


def fitted(combination):
    module = combination()
    module.set_fitted(**FITTED[combination])
    return module


def distribution(logits):
    return logits.softmax(1) if logits.shape[1] > 1 else torch.cat(((-logits).sigmoid(), logits.sigmoid()), 1)


def decisions(logits):
    return logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] > 0).long()


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('combination', NEUTRAL)
def test_nothing_changes_before_calibration(combination, num_classes):
    logits, u = case(num_classes)
    torch.testing.assert_close(distribution(combination()(logits, u)), distribution(logits), atol=1e-5, rtol=1e-5)
    assert torch.equal(decisions(combination()(logits, u)), decisions(logits))


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('combination', [CalibratedShift, ScaledProduct, ProductCombination])
def test_foreground_is_only_lowered_and_what_it_loses_is_background(combination, num_classes):
    logits, u = case(num_classes)
    before, after = distribution(logits), distribution(fitted(combination)(logits, u))
    torch.testing.assert_close(after.sum(1), torch.ones_like(u))
    assert (after[:, 1:].sum(1) <= before[:, 1:].sum(1) + 1e-5).all()
    high = u > 0.6
    assert (after[:, 1:].sum(1) < before[:, 1:].sum(1))[high].all()


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('combination', [CalibratedShift, ScaledProduct])
def test_pixels_of_ordinary_uncertainty_keep_their_prediction(combination, num_classes):
    logits, u = case(num_classes)
    low = (u <= 0.5).unsqueeze(1).expand(-1, max(num_classes, 2), -1, -1)
    before, after = distribution(logits), distribution(fitted(combination)(logits, u))
    torch.testing.assert_close(after[low], before[low], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('num_classes', [1, 4])
def test_the_product_is_the_literal_one(num_classes):
    logits, u = case(num_classes)
    before = distribution(logits)
    want = before * (1 - u).unsqueeze(1)
    want[:, 0] += u
    torch.testing.assert_close(distribution(ProductCombination()(logits, u)), want, atol=1e-5, rtol=1e-5)
    scaled = before * ((1 - u) / 0.5).clamp(max=1).unsqueeze(1)
    scaled[:, 0] += 1 - scaled.sum(1)
    torch.testing.assert_close(distribution(fitted(ScaledProduct)(logits, u)), scaled, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('num_classes', [1, 4])
def test_temperature_lowers_confidence_and_keeps_every_decision(num_classes):
    logits, u = case(num_classes)
    after = fitted(TemperatureCombination)(logits, u)
    assert torch.equal(decisions(after), decisions(logits))
    assert (distribution(after).amax(1) < distribution(logits).amax(1)).all()


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('combination', list(FITTED))
def test_extreme_inputs_stay_finite_with_finite_gradients(combination, num_classes):
    logits, u = case(num_classes, scale=300.0)
    u[0, 0], u[1, 0] = 0, 1
    logits.requires_grad_(), u.requires_grad_()
    out = fitted(combination)(logits, u)
    assert torch.isfinite(out).all()
    out.sigmoid().sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert torch.isfinite(u.grad).all()


@pytest.mark.parametrize('combination', NEUTRAL)
def test_candidates_fit_the_buffers_and_begin_with_the_neutral_values(combination):
    candidates = combination().candidates([0.2, 0.2, 0.5, 0.9])
    assert len(candidates) > 2
    neutral = {name: getattr(combination(), name).item() for name in combination.fitted}
    assert candidates[0] == neutral
    for values in candidates:
        combination().set_fitted(**values)


def test_fitted_values_travel_with_the_state_dict():
    other = CalibratedShift()
    other.load_state_dict(fitted(CalibratedShift).state_dict())
    logits, u = case(1)
    assert torch.equal(other(logits, u), fitted(CalibratedShift)(logits, u))
    with pytest.raises(ValueError, match=r"has the fitted buffers \('strength', 'pivot'\), got \['scale'\]"):
        other.set_fitted(scale=1.0)
