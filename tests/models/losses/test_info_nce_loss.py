import math

import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import InfoNCELoss
from mmavs.models.losses.functional import info_nce
from mmavs.models.necks.ama_block import AMAStage

B, T, C, A, S = 2, 2, 5, 3, 4


def case(masks=None, annotated=None):
    torch.manual_seed(0)
    stage = AMAStage(
        torch.randn(B * T, C, S, S, requires_grad=True),
        torch.zeros(B * T, S, S).long(),
        torch.randn(B * T, S, S),
        torch.zeros(B * T, 1, C),
    )
    valid = torch.ones(B, T).bool()
    features = AVSFeatures((), torch.randn(B, T, A), valid, dict(ama_stages={1: stage}))
    masks = torch.ones(B, T, 8, 8).long() if masks is None else masks
    annotated = valid if annotated is None else annotated
    return AVSOutput(torch.zeros(B, T, 1, 8, 8), features), AVSTargets(masks, annotated, valid)


def plain(loss, output, frame, positive, negative):
    """The formula of one frame, token by token."""
    stage = output.features.aux['ama_stages'][1]
    tokens = F.normalize(loss.tokens['1'](stage.maps[frame].flatten(1).T), dim=-1)
    anchor = F.normalize(loss.audio['1'](output.features.audio.flatten(0, 1)[frame]), dim=-1)
    e = [math.exp((z @ anchor).item() / loss.temperature) for z in tokens]
    negatives = sum(e[n] for n in negative)
    return sum(-math.log(e[p] / (e[p] + negatives)) for p in positive) / len(positive)


def test_equals_the_textbook_formula_on_strong_and_weak_responses():
    output, targets = case()
    loss = InfoNCELoss({1: C}, A, loss_weight=0.5)
    expected = []
    for frame in range(B * T):
        order = output.features.aux['ama_stages'][1].scores[frame].flatten().argsort().tolist()
        expected.append(plain(loss, output, frame, order[-2:], order[:8]))  # ceil(0.1 * 16), floor(0.5 * 16)
    assert float(loss(output, targets)) == pytest.approx(0.5 * sum(expected) / 4, rel=1e-5)


def test_the_mask_variant_takes_foreground_against_background():
    masks = torch.zeros(B, T, 8, 8).long()
    masks[..., :4, :] = 1
    masks[..., 6:, :] = 255  # ignored pixels are background here, never foreground
    output, targets = case(masks)
    loss = InfoNCELoss({1: C}, A, loss_weight=1.0, positives='mask')
    expected = [plain(loss, output, m, range(8), range(8, 16)) for m in range(B * T)]
    assert float(loss(output, targets)) == pytest.approx(sum(expected) / 4, rel=1e-5)


def test_silent_and_unannotated_frames_do_not_count():
    masks = torch.ones(B, T, 8, 8).long()
    masks[0, 0] = 0
    annotated = torch.tensor([[True, True], [False, True]])
    output, targets = case(masks, annotated)
    loss = InfoNCELoss({1: C}, A)
    value = loss(output, targets)
    grad = torch.autograd.grad(value, output.features.aux['ama_stages'][1].maps, retain_graph=True)[0]
    assert (grad.abs().amax((1, 2, 3)) > 0).tolist() == [False, True, False, True]
    empty = AVSTargets(torch.zeros_like(masks), annotated, annotated)
    assert float(loss(output, empty)) == 0
    value.backward()
    assert [n for n, p in loss.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


def test_no_label_beyond_sounding_or_silent_is_read():
    output, targets = case()
    other = torch.zeros_like(targets.masks)
    other[..., 3, 3] = 1
    loss = InfoNCELoss({1: C}, A)
    moved = AVSTargets(other, targets.frame_annotated, targets.frame_valid)
    torch.testing.assert_close(loss(output, targets), loss(output, moved))


def test_rows_without_partner_are_zero():
    similarity = torch.randn(2, 4)
    positive = torch.tensor([[True, False, False, False], [False] * 4])
    assert info_nce(similarity, positive, torch.zeros(2, 4).bool()).tolist() == [0, 0]


def test_misuse_is_named():
    output, targets = case()
    with pytest.raises(ValueError, match=r"stages \['2'\]"):
        InfoNCELoss({2: C}, A)(output, targets)
    with pytest.raises(ValueError, match='positives'):
        InfoNCELoss({1: C}, positives='labels')
    with pytest.raises(ValueError, match='share'):
        InfoNCELoss({1: C}, positive_share=0.6, negative_share=0.5)
