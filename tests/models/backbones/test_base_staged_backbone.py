import pytest
import torch

from mmavs.models.backbones import EfficientNetLiteStages, PVTv2Stages, ResNetStages

FACTORIES = {
    'r18': lambda **k: ResNetStages(18, **k),
    'pvt-v2-b0': lambda **k: PVTv2Stages('b0', **k),
    'lite0': lambda **k: EfficientNetLiteStages(**k),
}


@pytest.mark.parametrize('name', FACTORIES)
def test_a_frozen_backbone_trains_nothing_and_stays_in_eval_mode(name):
    backbone = FACTORIES[name](frozen=True).train()
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    x = torch.randn(2, 3, 64, 64)
    maps = backbone(x)
    assert not any(p.requires_grad for p in backbone.parameters())
    assert not any(x.requires_grad for x in maps)
    assert not any(m.training for s in range(-1, 4) for part in backbone.stage_modules(s) for m in part.modules())
    assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())
    for a, b in zip(maps, backbone.eval()(x), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize('name', FACTORIES)
def test_stem_and_stages_hold_every_parameter(name):
    backbone = FACTORIES[name]()
    listed = {id(p) for s in range(-1, 4) for part in backbone.stage_modules(s) for p in part.parameters()}
    assert [n for n, p in backbone.named_parameters() if id(p) not in listed] == []


def test_a_frozen_backbone_lets_gradients_of_a_neck_between_its_stages_pass():
    backbone = ResNetStages(18, frozen=True).train()
    gain = torch.ones(1, requires_grad=True)
    backbone(torch.randn(2, 3, 64, 64), fuse_stage=lambda stage, x: x * gain)[-1].sum().backward()
    assert gain.grad.abs() > 0


def test_frozen_stages_out_of_range_are_refused():
    with pytest.raises(ValueError, match='frozen_stages=-2, but there are 4 stages; use -1 to 4'):
        ResNetStages(18, frozen_stages=-2)
