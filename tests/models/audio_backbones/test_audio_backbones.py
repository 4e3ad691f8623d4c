import pytest
import torch

from mmavs.models.audio_backbones import AudioCNN, VGGish
from mmavs.models.taggers import AudioTagger


def audio(clips=2, frames=3):
    return torch.randn(clips, frames, 1, 96, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('build', [AudioCNN, VGGish])
def test_one_vector_per_second_whatever_the_batch(build):
    torch.manual_seed(0)
    backbone = build().eval()
    x = audio()
    with torch.no_grad():
        together, alone = backbone(x), backbone(x[1:, 2:])
    assert together.shape == (2, 3, backbone.out_channels)
    torch.testing.assert_close(together[1:, 2:], alone, rtol=1e-4, atol=1e-5)


def test_audio_cnn_is_small():
    assert 150_000 < sum(p.numel() for p in AudioCNN().parameters()) < 300_000


def test_a_frozen_backbone_has_no_gradient_and_stays_in_eval_mode():
    backbone = AudioCNN(frozen=True).train()
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    assert not backbone(audio()).requires_grad
    assert not any(m.training for m in backbone.modules())
    assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())


def test_every_parameter_of_a_trainable_backbone_gets_a_gradient():
    backbone = AudioCNN()
    backbone(audio()).sum().backward()
    assert [n for n, p in backbone.named_parameters() if p.grad is None] == []


def test_a_tagger_checkpoint_serves_as_pretrained(tmp_path):
    tagger = AudioTagger(AudioCNN(), num_tags=4)
    torch.save(dict(state_dict=tagger.state_dict(), meta={}), tmp_path / 'tagger.pth')
    backbone = AudioCNN(pretrained=str(tmp_path / 'tagger.pth'), frozen=True)
    backbone.init_weights()
    for name, value in tagger.audio_backbone.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], value)
