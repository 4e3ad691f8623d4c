import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures, AVSTargets
from mmavs.models.decode_heads import ProductCombination, UncertaintyDecodeHead
from mmavs.models.losses import EvidentialLoss, GaussianLogitLoss, MaskCELoss, MaskIoULoss

SIZE = (16, 12)
BRANCHES = dict(
    dirichlet=dict(uncertainty=dict(type='DirichletBranch')),
    gaussian=dict(uncertainty=dict(type='GaussianLogitBranch')),
    dropout=dict(uncertainty=dict(type='DropoutBranch'), dropout=0.2),
    entropy=dict(uncertainty=dict(type='EntropyBranch')),
    none={},
)


def features(device='cpu', seed=0):
    generator = torch.Generator().manual_seed(seed)
    valid = torch.tensor([[True] * 3, [True, True, False]])
    x = torch.randn(6, 8, 4, 3, generator=generator) * valid.flatten()[:, None, None, None]
    return AVSFeatures((x.to(device),), torch.zeros(2, 3, 1).to(device), valid.to(device))


def targets(data, num_classes):
    masks = torch.randint(0, max(num_classes, 2), (2, 3, *SIZE), generator=torch.Generator().manual_seed(1))
    return AVSTargets(masks.to(data.frame_valid.device), data.frame_valid, data.frame_valid)


def build(name='dirichlet', num_classes=1, **options):
    torch.manual_seed(0)
    return UncertaintyDecodeHead(8, num_classes, **{**BRANCHES[name], **options}).eval()


def losses_of(name):
    extra = dict(dirichlet=[EvidentialLoss()], gaussian=[GaussianLogitLoss()]).get(name, [])
    return [MaskIoULoss(), *extra]


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('name', list(BRANCHES))
def test_shapes_ranges_and_padding(name, num_classes):
    head, data = build(name, num_classes), features()
    output = head(data, SIZE)
    assert output.logits.shape == (2, 3, num_classes, *SIZE)
    assert output.logits[1, 2].abs().max() == 0
    assert output.features.aux['mask_logits'].shape == output.logits.shape
    if name == 'none':
        assert output.uncertainty is None
        return
    u = output.uncertainty
    assert u.shape == (2, 3, *SIZE)
    assert 0 <= u.min() <= u.max() <= 1
    assert u[1, 2].abs().max() == 0
    other = data.maps[0].clone()
    other[5] = 3.0  # the padded frame
    changed = head(data.updated(maps=(other,)), SIZE)
    torch.testing.assert_close(changed.logits, output.logits)
    torch.testing.assert_close(changed.uncertainty, u)


def test_training_gives_the_mask_and_eval_the_combination():
    head, data = build(combination=ProductCombination()), features()
    combined = head(data, SIZE)
    plain = combined.features.aux['mask_logits']
    valid = data.frame_valid[:, :, None, None]
    torch.testing.assert_close(
        combined.logits[:, :, 0].sigmoid()[data.frame_valid],
        ((1 - combined.uncertainty) * plain[:, :, 0].sigmoid() * valid)[data.frame_valid],
    )
    head.train()
    output = head(data, SIZE)
    assert torch.equal(output.logits, output.features.aux['mask_logits'])
    head.train_on = 'combined'
    assert (head(data, SIZE).logits[0] < output.logits[0]).all()


def test_uncertainty_is_read_off_at_the_output_and_sees_boundaries_between_pixels_of_the_map():
    head = build('entropy', uncertainty=dict(type='EntropyBranch', measure='error'))
    head.mask_branch.conv.weight.data.zero_()
    head.mask_branch.conv.weight.data[0, 0, 1, 1] = 1
    head.mask_branch.classify.weight.data.zero_()
    head.mask_branch.classify.weight.data[0, 0] = 60
    head.mask_branch.classify.bias.data.fill_(-30)
    x = torch.zeros(6, 8, 4, 3)
    x[:, 0, :2] = 1  # every pixel of the map is certain
    output = head(features().updated(maps=(x,)), SIZE)
    p = output.logits[0, :, 0].sigmoid()
    torch.testing.assert_close(output.uncertainty[0], 1 - (2 * p - 1).abs(), atol=1e-5, rtol=0)
    assert output.uncertainty[0].amax() > 1e-4  # 1e-13 in the middle of a pixel of the map


def test_the_default_combination_changes_nothing_before_calibration():
    output = build()(features(), SIZE)
    torch.testing.assert_close(output.logits, output.features.aux['mask_logits'])


def test_mask_equals_the_plain_layers():
    head, data = build('none', 4), features()
    branch = head.mask_branch
    x = F.relu(branch.norm(branch.conv(data.maps[0])))
    want = F.interpolate(branch.classify(x), SIZE, mode='bilinear', align_corners=False).unflatten(0, (2, 3))
    torch.testing.assert_close(head(data, SIZE).logits[0], want[0])


@pytest.mark.parametrize('num_classes', [1, 4])
@pytest.mark.parametrize('name', list(BRANCHES))
def test_every_parameter_is_trained_also_under_bf16(name, num_classes):
    head, data = build(name, num_classes).train(), features()
    with torch.autocast('cpu', torch.bfloat16):
        output = head(data, SIZE)
        total = sum(loss(output, targets(data, num_classes)) for loss in losses_of(name))
    assert torch.isfinite(total)
    total.backward()
    bad = [n for n, p in head.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert bad == []
    assert head.mask_branch.conv.weight.grad.abs().sum() > 0


def test_detach_keeps_the_uncertainty_out_of_the_map():
    data, grads = features(), []
    for detach in (False, True):
        x = data.maps[0].clone().requires_grad_()
        output = build(detach_uncertainty=detach)(data.updated(maps=(x,)), SIZE)
        EvidentialLoss()(output, targets(data, 1)).backward()
        grads.append(x.grad)
    assert grads[0].abs().sum() > 0
    assert grads[1] is None


@pytest.mark.parametrize('name', list(BRANCHES))
def test_one_graph_and_no_device(name):
    head, data = build(name), features()
    torch._dynamo.reset()
    compiled = torch.compile(head, fullgraph=True, backend='eager')
    with torch.no_grad():
        torch.testing.assert_close(compiled(data, SIZE).logits, head(data, SIZE).logits)
    head, data = head.to('meta').train(), features('meta')
    losses = [loss.to('meta')(head(data, SIZE), targets(data, 1)) for loss in losses_of(name)]
    assert all(loss.device.type == 'meta' for loss in losses)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(train_on='both'), "got 'both'"),
        (dict(combination=dict(type='ProductCombination')), 'need an uncertainty branch'),
        (dict(train_on='combined'), 'need an uncertainty branch'),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        UncertaintyDecodeHead(8, **options)


def test_more_than_one_map_is_refused():
    data = features()
    with pytest.raises(ValueError, match='reads one map, got 2; put a pixel decoder'):
        build()(data.updated(maps=data.maps * 2), SIZE)


def test_a_class_loss_takes_the_logits():
    data = features()
    assert MaskCELoss()(build(num_classes=4)(data, SIZE), targets(data, 4)) > 0
