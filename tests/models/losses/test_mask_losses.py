import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import MaskBCELoss, MaskCELoss, MaskDiceLoss, MaskIoULoss


def case(num_classes=1, ignore=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, num_classes, 6, 5, generator=generator)
    masks = torch.randint(0, max(num_classes, 2), (2, 3, 6, 5), generator=generator)
    if ignore:
        masks[:, :, :2] = 255
    annotated = torch.tensor([[True, False, False], [True, True, False]])
    features = AVSFeatures((), torch.zeros(2, 3, 1), torch.ones(2, 3, dtype=torch.bool))
    return AVSOutput(logits, features), AVSTargets(masks, annotated, features.frame_valid)


def loop(output, targets, formula):
    """Mean over annotated frames of a formula on the counted pixels of one frame."""
    values = []
    for b in range(2):
        for t in range(3):
            if targets.frame_annotated[b, t]:
                counted = targets.masks[b, t] != 255
                values.append(formula(output.logits[b, t][:, counted], targets.masks[b, t][counted]))
    return torch.stack(values).mean()


def iou(logits, target, dice=False):
    if logits.shape[0] == 1:
        prob, one_hot = logits.sigmoid(), (target == 1).float()[None]
    else:
        prob, one_hot = logits.softmax(0), F.one_hot(target, logits.shape[0]).T.float()
    inter, total = (prob * one_hot).sum(1), prob.sum(1) + one_hot.sum(1)
    score = (2 * inter + 1e-5) / (total + 1e-5) if dice else (inter + 1e-5) / (total - inter + 1e-5)
    return (1 - score).mean()


FORMULAS = [
    (MaskBCELoss, 1, lambda x, y: F.binary_cross_entropy(x[0].sigmoid(), y.float())),
    (MaskCELoss, 7, lambda x, y: F.cross_entropy(x.T, y)),
    (MaskIoULoss, 1, iou),
    (MaskIoULoss, 7, iou),
    (MaskDiceLoss, 1, lambda x, y: iou(x, y, dice=True)),
    (MaskDiceLoss, 7, lambda x, y: iou(x, y, dice=True)),
]


@pytest.mark.parametrize('ignore', [False, True])
@pytest.mark.parametrize(('loss', 'num_classes', 'formula'), FORMULAS)
def test_loss_equals_a_loop_over_annotated_frames(loss, num_classes, formula, ignore):
    output, targets = case(num_classes, ignore)
    torch.testing.assert_close(loss(loss_weight=2.0)(output, targets), 2 * loop(output, targets, formula))


@pytest.mark.parametrize(('loss', 'num_classes', 'formula'), FORMULAS)
def test_frames_without_annotation_get_no_gradient(loss, num_classes, formula):
    output, targets = case(num_classes)
    output.logits.requires_grad_()
    loss()(output, targets).backward()
    grad = output.logits.grad.flatten(2).abs().sum(-1)
    assert torch.equal(grad > 0, targets.frame_annotated)


def test_no_annotated_frame_gives_zero_and_not_nan():
    output, targets = case()
    targets.frame_annotated = torch.zeros_like(targets.frame_annotated)
    assert MaskBCELoss()(output, targets) == 0


def test_a_name_that_mmengine_would_not_train_is_refused():
    with pytest.raises(ValueError, match='must contain "loss"'):
        MaskBCELoss(loss_name='bce')
