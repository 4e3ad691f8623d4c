import pytest
import torch

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import MaskFeatureLoss, SquaredDiceLoss


def case(classes=2, size=8):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 1, size, size, generator=generator)
    masks = torch.randint(0, classes, (2, 3, size, size), generator=generator)
    annotated = torch.tensor([[True, True, True], [True, False, False]])
    feature = torch.randn(6, 4, size // 4, size // 4, generator=generator)
    features = AVSFeatures((), torch.zeros(2, 3, 4), torch.ones(2, 3).bool(), dict(mask_feature=feature))
    return AVSOutput(logits, features), AVSTargets(masks, annotated, torch.ones(2, 3).bool())


def dice(prob, target):
    return 1 - 2 * (prob * target).sum() / ((prob**2).sum() + 0.001 + (target**2).sum() + 0.001)


def plain(logits, targets):
    flagged = targets.frame_annotated.nonzero().tolist()
    return torch.stack([dice(logits[i, t].sigmoid(), (targets.masks[i, t] > 0).float()) for i, t in flagged]).mean()


def test_the_prediction_pays_the_published_dice():
    output, targets = case()
    loss = SquaredDiceLoss(loss_weight=2.0)(output, targets)
    torch.testing.assert_close(loss, 2 * plain(output.logits[:, :, 0], targets))


@pytest.mark.parametrize('classes', [2, 71])
def test_the_mask_feature_pays_for_the_foreground_of_any_class(classes):
    output, targets = case(classes)
    mean = output.features.aux['mask_feature'].mean(1, keepdim=True)
    mean = torch.nn.functional.interpolate(mean, (8, 8), mode='bilinear')[:, 0].unflatten(0, (2, 3))
    torch.testing.assert_close(MaskFeatureLoss()(output, targets), 0.1 * plain(mean, targets))


def test_unknown_pixels_and_frames_do_not_count():
    output, targets = case()
    targets.masks[0, 0, :3] = 255
    expected = SquaredDiceLoss()(output, targets)
    logits = output.logits.clone()
    logits[0, 0, 0, :3] = -9.0
    logits[1, 1:] = 5.0
    assert torch.equal(SquaredDiceLoss()(AVSOutput(logits, output.features), targets), expected)


def test_unannotated_frames_do_not_train_the_mask_feature():
    output, targets = case()
    feature = output.features.aux['mask_feature'].requires_grad_()
    MaskFeatureLoss()(output, targets).backward()
    assert feature.grad[4:].abs().max() == 0
    assert (feature.grad[:4].abs().amax((1, 2, 3)) > 0).all()
    nothing = AVSTargets(targets.masks, torch.zeros(2, 3).bool(), targets.frame_valid)
    assert MaskFeatureLoss()(output, nothing) == 0


def test_misuse_is_named():
    output, targets = case()
    with pytest.raises(ValueError, match='got 3 classes'):
        SquaredDiceLoss()(AVSOutput(output.logits.expand(-1, -1, 3, -1, -1), output.features), targets)
    with pytest.raises(ValueError, match=r"needs aux\['mask_feature'\]"):
        MaskFeatureLoss()(AVSOutput(output.logits, AVSFeatures((), None, None)), targets)
