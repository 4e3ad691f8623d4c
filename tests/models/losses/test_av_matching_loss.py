import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSOutput, AVSTargets
from mmavs.models.losses import AVMatchingLoss

B, T, C = 2, 3, 8


def case(num_classes=1, annotated=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = tuple(torch.rand(B * T, C, s, s, generator=generator) for s in (8, 4))
    audio = tuple(torch.randn(B, T, C, generator=generator) for _ in maps)
    valid = torch.ones(B, T, dtype=torch.bool)
    flags = valid if annotated is True else torch.tensor(annotated)
    logits = torch.randn(B, T, num_classes, 16, 16, generator=generator)
    features = AVSFeatures(maps, torch.zeros(B, T, 1), valid, dict(tpavi_audio=audio))
    return AVSOutput(logits, features), AVSTargets(torch.zeros(B, T, 16, 16).long(), flags, valid)


def masked_features(output, threshold=False, pool=F.adaptive_avg_pool2d):
    for x, a in zip(output.features.maps, output.features.aux['tpavi_audio'], strict=True):
        logits = output.logits.flatten(0, 1)
        if logits.shape[1] == 1:
            mask = pool(logits, x.shape[-2:]).sigmoid()
        else:
            mask = pool((logits.argmax(1, keepdim=True) != 0).float(), x.shape[-2:])
        if threshold:
            mask = (mask > 0.5).float()
            yield (x * mask).sum((-1, -2)) / (mask.sum((-1, -2)) + 1e-6), a.flatten(0, 1)
        else:
            yield (x * mask).mean((-1, -2)), a.flatten(0, 1)


@pytest.mark.parametrize('num_classes', [1, 4])
def test_kl_sum_is_the_published_ms3_loss(num_classes):
    output, targets = case(num_classes)
    want = sum(F.kl_div(v.softmax(-1).log(), a.softmax(-1), reduction='sum') for v, a in masked_features(output)) / 2
    torch.testing.assert_close(AVMatchingLoss(0.5)(output, targets), 0.5 * want)


def test_mean_reduction_is_the_published_avss_loss():
    output, targets = case(4, annotated=[[True, False, False], [True, True, True]])
    flag = targets.frame_annotated.flatten().float()
    want = 0
    for v, a in masked_features(output):
        per_frame = F.kl_div(v.softmax(-1).log(), a.softmax(-1), reduction='none').sum(-1)
        want = want + (per_frame * flag).sum() / flag.sum() / 2
    torch.testing.assert_close(AVMatchingLoss(1.0, reduction='mean')(output, targets), want)


def test_euclidean_threshold_and_max_pooling():
    output, targets = case()
    pairs = masked_features(output, threshold=True, pool=F.adaptive_max_pool2d)
    want = sum(F.pairwise_distance(F.normalize(a, dim=-1), F.normalize(v, dim=-1)).mean() for v, a in pairs) / 2
    loss = AVMatchingLoss(1.0, distance='euclidean', pooling='max', threshold=True, normalize=True)
    torch.testing.assert_close(loss(output, targets), want)


@pytest.mark.parametrize('bug', [False, True])
def test_visual_partner_is_the_frame_with_the_nearest_audio(bug):
    output, targets = case()
    want = 0
    for v, a in masked_features(output):
        nearest = (torch.cdist(a, a) + 10 * torch.eye(B * T)).argmin(0)
        want = want + F.kl_div(v.softmax(-1).log(), (a if bug else v[nearest]).softmax(-1), reduction='sum') / 2
    loss = AVMatchingLoss(1.0, partner='visual', official_vv_target_bug=bug)
    torch.testing.assert_close(loss(output, targets), want)


def test_frames_without_annotation_are_no_partner():
    output, targets = case(annotated=[[True, True, True], [False, False, False]])
    changed, _ = case()
    for x in changed.features.maps:
        x[T:] = 7.0
    for a in changed.features.aux['tpavi_audio']:
        a[1] = changed.features.aux['tpavi_audio'][0][0]
    loss = AVMatchingLoss(1.0, partner='visual')
    torch.testing.assert_close(loss(output, targets), loss(changed, targets))


def test_a_neck_without_aligned_audio_is_named():
    output, targets = case()
    output.features.aux['tpavi_audio'] = (None, None)
    with pytest.raises(ValueError, match='use a TPAVINeck with audio_visual=True'):
        AVMatchingLoss()(output, targets)


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match=r"distance must be one of .* got 'cosine'"):
        AVMatchingLoss(distance='cosine')
