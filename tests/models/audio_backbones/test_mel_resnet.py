import pytest
import torch
import torchvision

from mmavs.models.audio_backbones import MelResNet18


def audio(channels, clips=2, frames=2, rows=64):
    return torch.randn(clips, frames, channels, rows, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('channels', [1, 2])
def test_equals_the_published_network(channels):
    torch.manual_seed(0)
    backbone = MelResNet18(channels).eval()
    plain = torchvision.models.resnet18(weights=None)
    plain.conv1 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    plain.avgpool = torch.nn.AdaptiveMaxPool2d((1, 1))
    plain.fc = torch.nn.Linear(512, 304)
    plain.load_state_dict(backbone.body.state_dict())
    x = audio(channels)
    with torch.no_grad():
        torch.testing.assert_close(backbone(x).flatten(0, 1), plain.eval()(x.flatten(0, 1)))
    assert backbone(x[:, :1]).shape == (2, 1, 304)


def test_other_channels_are_named():
    with pytest.raises(ValueError, match='has 1 input channels'):
        MelResNet18(1)(audio(2))


def test_picture_weights_fill_all_but_the_new_layers(monkeypatch):
    torch.manual_seed(0)
    weights = torchvision.models.resnet18(weights=None).state_dict()
    monkeypatch.setattr('mmavs.models.audio_backbones.mel_resnet.read_weights', lambda source: dict(weights))
    backbone = MelResNet18(2, 128, pretrained='imagenet')
    before = {name: value.clone() for name, value in backbone.body.state_dict().items()}
    backbone.init_weights()
    for name, value in backbone.body.state_dict().items():
        new = name.startswith(('conv1.', 'fc.'))
        assert torch.equal(value, before[name] if new else weights[name]), name


def test_frozen_stays_in_eval_mode_and_trainable_gets_gradients():
    frozen = MelResNet18(frozen=True).train()
    assert not frozen(audio(1)).requires_grad
    assert not any(module.training for module in frozen.modules())
    backbone = MelResNet18(2, 16)
    backbone(audio(2)).sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
