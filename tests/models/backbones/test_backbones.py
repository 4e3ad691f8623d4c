import numpy as np
import pytest
import timm
import torch

from mmavs.models.backbones import EfficientNetLiteStages, PlainBackbone, PVTv2Stages, ResNetStages
from mmavs.models.backbones.efficientnet_lite import TIMM_NAME, packaged_imagenet_weights

FACTORIES = {
    'r18': lambda **k: ResNetStages(18, **k),
    'pvt-v2-b0': lambda **k: PVTv2Stages('b0', **k),
    'lite0': lambda **k: EfficientNetLiteStages(**k),
}


@pytest.mark.parametrize('name', FACTORIES)
def test_maps_have_the_declared_channels_and_strides(name):
    backbone = FACTORIES[name]().eval()
    maps = backbone(torch.randn(2, 3, 64, 96))
    assert [x.shape[1] for x in maps] == list(backbone.out_channels)
    assert [(64 // x.shape[2], 96 // x.shape[3]) for x in maps] == [(s, s) for s in backbone.strides]


@pytest.mark.parametrize('name', FACTORIES)
def test_what_a_neck_returns_feeds_the_next_stage(name):
    backbone = FACTORIES[name]().eval()
    x = torch.randn(1, 3, 64, 64)
    plain = backbone(x)
    calls = []

    def fuse(stage, feature_map):
        calls.append(stage)
        return feature_map * (0 if stage == 1 else 1)

    fused = backbone(x, fuse_stage=fuse)
    assert calls == [0, 1, 2, 3]
    torch.testing.assert_close(fused[0], plain[0])
    assert fused[1].abs().max() == 0
    assert not torch.allclose(fused[2], plain[2])


def test_pvt_equals_timm_run_as_a_whole():
    torch.manual_seed(0)
    backbone = PVTv2Stages('b0').eval()
    reference = timm.create_model('pvt_v2_b0', features_only=True)
    weights = {name.replace('stages.', 'stages_', 1): value for name, value in backbone.body.state_dict().items()}
    reference.load_state_dict(weights)
    x = torch.randn(1, 3, 64, 64)
    for a, b in zip(backbone(x), reference.eval()(x), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize('name', FACTORIES)
def test_frozen_stages_stay_as_they_are_and_in_eval_mode(name):
    backbone = FACTORIES[name](frozen_stages=2).train()
    backbone(torch.randn(2, 3, 64, 64))[-1].sum().backward()
    frozen = [m for s in (-1, 0, 1) for m in backbone.stage_modules(s)]
    assert all(p.grad is None and not p.requires_grad for m in frozen for p in m.parameters())
    assert not any(child.training for m in frozen for child in m.modules())
    live = [m for s in (2, 3) for m in backbone.stage_modules(s)]
    assert all(p.grad is not None for m in live for p in m.parameters())
    assert all(m.training for m in live)


def test_norm_eval_keeps_batch_norms_in_eval_mode():
    backbone = ResNetStages(18, norm_eval=True).train()
    before = backbone.body.bn1.running_mean.clone()
    backbone(torch.randn(2, 3, 64, 64))
    assert torch.equal(before, backbone.body.bn1.running_mean)


def test_lite0_carries_real_imagenet_weights():
    """The classifier on the packaged weights knows a photograph (sklearn's ``china.jpg``: a Chinese temple hall)."""
    photo = pytest.importorskip('sklearn.datasets').load_sample_image('china.jpg')
    model = timm.create_model(TIMM_NAME, pretrained=False)
    model.load_state_dict(packaged_imagenet_weights())
    x = torch.from_numpy(np.ascontiguousarray(photo[:, 100:527])).permute(2, 0, 1)[None].float()
    x = torch.nn.functional.interpolate(x, (224, 224), mode='bilinear', antialias=True)
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    with torch.no_grad():
        scores = model.eval()((x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)).softmax(-1)[0]
    buildings = {442: 'bell cote', 483: 'castle', 698: 'palace'}
    assert set(scores.topk(3).indices.tolist()) == set(buildings)
    backbone = EfficientNetLiteStages(pretrained='imagenet')
    backbone.init_weights()
    assert torch.equal(backbone.body['conv_stem'].weight, model.conv_stem.weight)
    assert torch.equal(backbone.body['blocks'][6][0].conv_pw.weight, model.blocks[6][0].conv_pw.weight)


def test_a_weight_file_that_does_not_fit_or_exist_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        ResNetStages(18, pretrained=str(tmp_path / 'none.pth')).init_weights()
    torch.save(ResNetStages(18).body.state_dict(), tmp_path / 'r18.pth')
    with pytest.raises(ValueError, match='does not fit ResNet'):
        ResNetStages(50, pretrained=str(tmp_path / 'r18.pth')).init_weights()
    backbone = ResNetStages(18, pretrained=str(tmp_path / 'r18.pth'))
    backbone.init_weights()
    saved = torch.load(tmp_path / 'r18.pth', weights_only=True)
    assert torch.equal(backbone.body.conv1.weight, saved['conv1.weight'])


def test_an_unreachable_url_is_one_log_line(monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise OSError('offline')

    lines = []
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', refuse)
    monkeypatch.setattr('mmavs.models.pretrained.print_log', lambda text, **kwargs: lines.append(text))
    ResNetStages(18, pretrained='imagenet').init_weights()
    assert len(lines) == 1
    assert 'cannot be reached' in lines[0]


def test_a_backbone_that_cannot_be_split_says_so():
    backbone = PlainBackbone(torch.nn.Identity(), (3,), (1,))
    with pytest.raises(ValueError, match='cannot be split'):
        backbone(torch.zeros(1, 3, 8, 8), fuse_stage=lambda stage, x: x)


def test_mmseg_backbones_serve_by_scope():
    body = dict(type='mmseg.MixVisionTransformer', embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
    backbone = PlainBackbone(body, (8, 8, 8, 8)).eval()
    assert [x.shape[-1] for x in backbone(torch.randn(1, 3, 64, 64))] == [16, 8, 4, 2]


@pytest.mark.parametrize(('build', 'message'), [
    (lambda: ResNetStages(34), r'depths \[18, 50, 101\], got 34'),
    (lambda: PVTv2Stages('b9'), "got 'b9'"),
    (lambda: ResNetStages(18, frozen_stages=5), 'there are 4 stages'),
])  # fmt: skip
def test_wrong_options_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
