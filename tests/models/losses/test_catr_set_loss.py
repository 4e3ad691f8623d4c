import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import CATRSetLoss

WEIGHTS = dict(score=1.0, dice=5.0, focal=5.0, bce=4.0)


def case(annotated, layers=2, queries=5, size=12):
    generator = torch.Generator().manual_seed(0)
    clips, frames = annotated.shape
    masks = torch.randn(layers, clips, frames, queries, size // 3, size // 3, generator=generator)
    scores = torch.randn(layers, clips, frames, queries, 2, generator=generator)
    targets = torch.randint(0, 2, (clips, frames, size, size), generator=generator)
    features = AVSFeatures((), None, annotated, dict(query_masks=masks, query_scores=scores))
    return AVSOutput(None, features), AVSTargets(targets, annotated, torch.ones_like(annotated))


def plain(output, targets, double_sigmoid=True):
    """The published criterion, frame by frame; also the matched queries of the last layer."""
    total, matched = 0.0, []
    flags = targets.frame_annotated
    for masks, scores in zip(*(output.features.aux[k] for k in ('query_masks', 'query_scores')), strict=True):
        terms = {name: [] for name in WEIGHTS}
        matched = []
        for b in range(len(flags)):
            annotated = flags[b].nonzero()[:, 0].tolist()
            up = {t: F.interpolate(masks[b, t][None], targets.masks.shape[-2:], mode='bilinear')[0] for t in annotated}
            cost = torch.zeros(masks.shape[2])
            for t in annotated:
                prob, target = up[t].sigmoid().flatten(1), targets.masks[b, t].flatten().float()
                dice = (2 * (prob * target).sum(1) + 1) / (prob.sum(1) + target.sum() + 1)
                cost -= 2 * scores[b, t].softmax(-1)[:, 0] + 7 * dice
            query = cost.argmin().item()
            matched.append(query)
            for t in annotated:
                logit, target = up[t][query], targets.masks[b, t].float()
                prob = logit.sigmoid()
                terms['dice'].append(1 - (2 * (prob * target).sum() + 1) / (prob.sum() + target.sum() + 1))
                entropy = F.binary_cross_entropy_with_logits(logit, target, reduction='none')
                right = prob * target + (1 - prob) * (1 - target)
                alpha = 0.25 * target + 0.75 * (1 - target)
                terms['focal'].append((alpha * entropy * (1 - right) ** 2).mean())
                seen = prob if double_sigmoid else logit
                terms['bce'].append(F.binary_cross_entropy_with_logits(seen, target))
                log_prob = scores[b, t].log_softmax(-1)
                weight = torch.full((len(cost),), 0.1)
                weight[query] = 1
                label = torch.ones(len(cost)).long()
                label[query] = 0
                terms['score'].append(-(weight * log_prob[torch.arange(len(cost)), label]).sum())
        total = total + sum(WEIGHTS[name] * torch.stack(values).mean() for name, values in terms.items())
    return total, matched


@pytest.mark.parametrize('double_sigmoid', [True, False])
def test_loss_equals_the_published_criterion_on_first_frames(double_sigmoid):
    output, targets = case(torch.tensor([[True, False, False], [True, False, False]]))
    loss = CATRSetLoss(official_double_sigmoid=double_sigmoid)(output, targets)
    torch.testing.assert_close(loss, plain(output, targets, double_sigmoid)[0])


def test_with_more_labels_the_clip_is_matched_as_a_whole():
    output, targets = case(torch.tensor([[True, True, True], [True, True, False]]))
    expected, matched = plain(output, targets)
    loss = CATRSetLoss()
    torch.testing.assert_close(loss(output, targets), expected)
    masks, scores = (output.features.aux[name][-1] for name in ('query_masks', 'query_scores'))
    assert loss.match(masks, scores, targets).tolist() == matched


def test_unlabelled_frames_and_pixels_do_not_count():
    output, targets = case(torch.tensor([[True, False, False]]))
    targets.masks[0, 0, :4] = 255
    aux = output.features.aux
    leaves = [aux[name].requires_grad_() for name in ('query_masks', 'query_scores')]
    CATRSetLoss()(output, targets).backward()
    for leaf in leaves:
        assert leaf.grad[:, :, 1:].abs().max() == 0
        assert leaf.grad[:, :, 0].abs().max() > 0
    assert leaves[0].grad[..., 0, :].abs().max() == 0  # seen by ignored pixels only
    nothing = AVSTargets(targets.masks, torch.zeros(1, 3).bool(), targets.frame_valid)
    assert CATRSetLoss()(output, nothing) == 0


def test_misuse_is_named():
    with pytest.raises(ValueError, match=r"needs aux\['query_masks'\]"):
        CATRSetLoss()(AVSOutput(None, AVSFeatures((), None, None)), None)
