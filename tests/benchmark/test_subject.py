from dataclasses import replace

import pytest
import torch
from torch import nn

from mmavs.apis import get_config
from mmavs.benchmark import Subject
from mmavs.benchmark.subject import config_name, pipeline_size

GATE = 'benchmark/gate_lite0_avstamps-crowd.py'


@pytest.fixture(scope='module')
def subject():
    from mmavs.benchmark import BenchmarkSettings

    return Subject(GATE, BenchmarkSettings(frames=2, size=(64, 96)))


def test_flops_are_two_per_multiply_add_of_every_convolution_and_product(subject):
    counted = []

    def count(module, inputs, output):
        kernel = module.weight[0].numel()  # of one output channel
        counted.append(2 * kernel * output.numel())

    layers = [m for m in subject.model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    subject.model.eval()
    subject.forward()
    for hook in hooks:
        hook.remove()
    assert subject.flops_per_frame() == pytest.approx(sum(counted) / 2, rel=1e-9)


def test_parameters_of_frozen_parts_are_not_trainable(subject):
    frozen = sum(p.numel() for m in (subject.model.backbone, subject.model.audio_backbone) for p in m.parameters())
    counts = subject.parameters()
    assert counts['all'] - counts['trainable'] == frozen > 0


def test_training_step_changes_every_trained_part_and_keeps_no_gradient(subject):
    subject.model.train()
    before = {name: p.detach().clone() for name, p in subject.model.named_parameters()}
    loss = subject.train_step()
    assert torch.isfinite(loss)
    changed = {
        name.partition('.')[0] for name, p in subject.model.named_parameters() if not torch.equal(p, before[name])
    }
    assert changed == {'neck', 'pixel_decoder', 'decode_head'}
    assert all(p.grad is None for p in subject.model.parameters())


def test_forward_gives_logits_of_the_clip(subject):
    assert subject.forward().shape == (1, 2, 1, 64, 96)


def test_audio_features_spare_the_audio_backbone(small):
    with_audio, without = Subject(GATE, replace(small, audio_features=False)), Subject(GATE, small)
    assert without.flops_per_frame() < with_audio.flops_per_frame()


def test_options_reach_the_network(small, monkeypatch):
    seen = []
    monkeypatch.setattr(torch, 'compile', lambda function: seen.append('compiled') or function)
    subject = Subject(GATE, replace(small, amp='bf16', compile=True, channels_last=True))
    head = subject.model.decode_head.mask_branch
    conv = next(m for m in head.modules() if isinstance(m, nn.Conv2d))
    conv.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    subject.forward()
    subject.model.train()
    subject.train_step()
    assert seen == ['compiled', torch.bfloat16, torch.bfloat16]
    assert subject.inputs['frames'].flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert all(p.dtype == torch.float32 for p in subject.model.parameters())


def test_size_is_that_of_the_test_pipeline_also_behind_other_data_sets():
    assert pipeline_size(get_config('tpavi/tpavi_r50_ms3.py')) == (224, 224)
    assert pipeline_size(get_config(GATE)) == (128, 128)
    cfg = get_config('tpavi/tpavi_r50_ms3.py')
    cfg.test_dataloader.dataset.pipeline = []
    with pytest.raises(ValueError, match='--size'):
        pipeline_size(cfg)


def test_a_network_that_segments_nothing_is_refused(small):
    with pytest.raises(ValueError, match='AudioTagger'):
        Subject('tagger/tagger_audiocnn_avstamps-s4.py', small)


def test_a_network_without_losses_has_no_training_step(small, tmp_path):
    path = tmp_path / 'bare.py'
    path.write_text(get_config(GATE).pretty_text + '\nmodel["losses"] = []\n')
    with pytest.raises(ValueError, match='--no-train-step'):
        Subject(str(path), small)
    assert set(Subject(str(path), replace(small, train_step=False)).tasks()) == {'forward'}


def test_names():
    assert config_name('configs/ama/ama_r50_ms3.py') == config_name('ama_r50_ms3.py') == 'ama_r50_ms3'
