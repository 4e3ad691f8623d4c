import pytest
import torch
from torch import nn

from mmavs.evaluation.calibration import calibrate, choose, uncertainty_levels
from mmavs.evaluation.functional import iou_of_masks
from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.models.decode_heads import CalibratedShift, ProductCombination, ScaledProduct, TemperatureCombination
from mmavs.structures import AVSDataSample

SIZE = (12, 16)


class Playback(nn.Module):
    """A segmentor that gives the maps stored in the batch."""

    def __init__(self, combination, with_uncertainty=True):
        super().__init__()
        self.decode_head = nn.Module()
        self.decode_head.combination = combination
        self.with_uncertainty = with_uncertainty

    def data_preprocessor(self, batch, training):
        assert not training
        return batch

    def segment(self, inputs):
        logits, u = inputs['logits'], inputs['u']
        valid = torch.ones(logits.shape[:2]).bool()
        features = AVSFeatures((), torch.zeros(*logits.shape[:2], 1), valid, dict(mask_logits=logits))
        return AVSOutput(logits, features, u if self.with_uncertainty else None)


def batches(num=6, num_classes=1, useful=True, frames=4):
    """Clips whose uncertainty is high where the prediction is a false positive (``useful``) or at random."""
    result = []
    for index in range(num):
        generator = torch.Generator().manual_seed(index)
        masks = torch.zeros(frames, *SIZE).long()
        masks[:3, 2:8, 3:9] = 1 if num_classes == 1 else 1 + index % (num_classes - 1)
        masks[0, 0] = 255
        drawn = masks.where(masks != 255, 0)
        drawn[:, 9:11, 3:9] = 1  # a false positive in every frame
        logits = torch.randn(frames, num_classes, *SIZE, generator=generator)
        if num_classes == 1:
            logits = logits * 0.2 + torch.where(drawn == 1, 2.0, -2.0).unsqueeze(1)
        else:
            one_hot = torch.nn.functional.one_hot(drawn, num_classes).permute(0, 3, 1, 2)
            logits = logits * 0.2 + 2.0 * one_hot
        u = 0.5 * torch.rand(frames, *SIZE, generator=generator)
        if useful:
            u[:, 9:11, 3:9] += 0.4
        flags = torch.ones(frames).bool()
        sample = AVSDataSample(gt_masks=masks, frame_valid=flags, frame_labelled=flags.clone())
        result.append(dict(inputs=dict(logits=logits[None], u=u[None]), data_samples=[sample]))
    return result


def j_of(combination, data):
    values = []
    for batch in data:
        logits = combination(batch['inputs']['logits'][0], batch['inputs']['u'][0])
        masks = batch['data_samples'][0].gt_masks
        decided = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1) != 0
        values.append(iou_of_masks(decided, torch.where(masks == 255, 255, (masks != 0).long())))
    return float(torch.cat(values).mean())


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('combination', [CalibratedShift, ScaledProduct])
def test_false_positives_fall_and_j_does_not(combination, num_classes):
    module, data = combination(), batches(num_classes=num_classes)
    report = calibrate(Playback(module), data)
    assert report['combined']['FPR'] < 0.1 * report['plain']['FPR']
    assert report['combined']['FPR_change'] < report['plain']['FPR_change']
    assert report['combined']['J_frame'] == pytest.approx(j_of(module, data))
    assert report['plain']['J_frame'] == pytest.approx(j_of(combination(), data))
    assert report['combined']['J_frame'] > report['plain']['J_frame']
    values = {name: getattr(module, name).item() for name in module.fitted}
    assert values == pytest.approx(report['values'])


@pytest.mark.parametrize('objective', ['false_positives', 'J'])
@pytest.mark.parametrize('combination', [CalibratedShift, ScaledProduct])
def test_j_is_never_lost_with_an_uncertainty_that_knows_nothing(combination, objective):
    report = calibrate(Playback(combination()), batches(useful=False), objective)
    for key in ('J_frame', 'J_nonempty'):
        assert report['combined'][key] >= report['plain'][key]


def test_the_temperature_is_fitted_by_cross_entropy_and_keeps_j():
    report = calibrate(Playback(TemperatureCombination()), batches())
    assert report['combined']['cross_entropy'] < report['plain']['cross_entropy']
    assert report['combined']['J_frame'] == report['plain']['J_frame']
    assert report['values']['scale'] > 0


def test_masks_of_another_size_are_scored_at_their_size():
    data = batches()
    for batch in data:
        sample = batch['data_samples'][0]
        sample.gt_masks = sample.gt_masks.repeat_interleave(2, -1).repeat_interleave(2, -2)
    report = calibrate(Playback(CalibratedShift()), data)
    assert report['combined']['FPR'] < report['plain']['FPR']


def test_the_neutral_candidate_is_taken_where_every_other_loses():
    plain = dict(J_frame=0.5, J_nonempty=0.4, FPR=0.1, cross_entropy=1.0)
    worse = dict(plain, J_nonempty=0.39, FPR=0.0)
    better = dict(plain, FPR=0.05, cross_entropy=2.0)
    assert choose(plain, [plain, worse], 'false_positives') == 0
    assert choose(plain, [plain, worse, better], 'false_positives') == 2
    assert choose(plain, [plain, worse, better], 'cross_entropy') == 0


def test_a_combination_without_buffers_is_reported_as_it_is():
    report = calibrate(Playback(ProductCombination()), batches())
    assert (report['values'], report['candidates']) == ({}, 1)
    assert report['combined']['J_frame'] == pytest.approx(j_of(ProductCombination(), batches()))


def test_levels_are_quantiles():
    u = torch.rand(5, 40, 50, generator=torch.Generator().manual_seed(0)) ** 3
    levels = uncertainty_levels(u.split(2))
    assert levels == sorted(levels)
    assert levels[1] == pytest.approx(float(u.median()), rel=0.02)
    assert levels[-1] == pytest.approx(float(u.flatten().quantile(0.999)), rel=0.02)


@pytest.mark.parametrize(
    ('model', 'data', 'objective', 'message'),
    [
        (Playback(None), batches(1), 'J', 'has no combination to calibrate'),
        (Playback(CalibratedShift(), with_uncertainty=False), batches(1), 'J', 'gives no uncertainty'),
        (Playback(CalibratedShift()), [], 'J', 'no labelled frame'),
        (Playback(CalibratedShift()), batches(1), 'F', "got 'F'"),
    ],
)
def test_what_cannot_be_calibrated_is_named(model, data, objective, message):
    with pytest.raises(ValueError, match=message):
        calibrate(model, data, objective)
