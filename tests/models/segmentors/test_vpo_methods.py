"""Every method trains and tests on VPO as its config says, in mono and stereo: clips of one picture, tested at its own size."""

import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

from mmavs.apis import config_root, get_config, init_model

sys.path.insert(0, str(Path(__file__).parents[2] / 'datasets'))

from vpo_layout import make_vpo

METHODS = ('ama', 'avsegformer', 'catr', 'tpavi')
SUBSETS = ('ss', 'ms', 'msmi')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_vpo(tmp_path_factory.mktemp('vpo'))


@pytest.mark.parametrize('subset', SUBSETS)
@pytest.mark.parametrize('method', METHODS)
def test_sound_and_network_have_the_same_channels(method, subset):
    for suffix, kind in (('', 'VGGish'), ('-stereo', 'MelResNet18')):
        cfg = get_config(f'{method}/{method}_r50_vpo-{subset}{suffix}.py')
        assert cfg.model.audio_backbone.type == kind
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            assert loader.dataset.subset == subset
            steps = {step.type: step for step in loader.dataset.pipeline}
            assert steps['MixSources'].get('stereo', False) is bool(suffix)
            assert ('CAVPMel' in steps) is bool(suffix)
        if suffix:
            assert cfg.model.audio_backbone.in_channels == 2
            assert steps['CAVPMel'].stereo
        assert cfg.default_hooks.checkpoint.save_best == 'avs/JF_beta'


@pytest.mark.parametrize('subset', SUBSETS)
@pytest.mark.parametrize('method', METHODS)
def test_mono_differs_from_stereo_in_the_places_only(method, subset, tmp_path):
    name = f'{method}_r50_vpo-{subset}-stereo.py'
    leaf = (config_root() / method / name).read_text()
    leaf = leaf.replace('../_base_', str(config_root() / '_base_')).replace('-stereo_512', '-mel_512')
    leaf = leaf.replace('_base_.stereo_audio_backbone', 'dict(_base_.stereo_audio_backbone, in_channels=1)')
    (tmp_path / 'mono.py').write_text(leaf)
    mono, stereo = Config.fromfile(tmp_path / 'mono.py'), get_config(f'{method}/{name}')
    assert mono.model.audio_backbone.in_channels == 1
    mono.model.audio_backbone.in_channels = 2
    assert mono.model == stereo.model
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for step in mono[key].dataset.pipeline:
            if step.type in ('MixSources', 'CAVPMel'):
                step.stereo = True
        assert mono[key] == stereo[key]


@pytest.mark.parametrize('sound', ['', '-stereo'])
@pytest.mark.parametrize('method', METHODS)
def test_method_trains_and_tests_on_pictures_of_odd_size(root, method, sound):
    cfg = get_config(f'{method}/{method}_r50_vpo-msmi{sound}.py')
    cfg.model.backbone.pretrained = cfg.model.audio_backbone.pretrained = None
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, batch_size=1)
        loader.dataset.update(data_root=str(root), subset=['ss', 'ms', 'msmi'], max_clips=3)
    cfg.train_dataloader.update(batch_size=2)
    next(step for step in cfg.train_dataloader.dataset.pipeline if step.type == 'RandomCropClip').size = (64, 64)
    torch.manual_seed(0)
    model = init_model(cfg).train()
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader)))
    loss, _ = model.parse_losses(model(**model.data_preprocessor(batch, True), mode='loss'))
    loss.backward()
    assert torch.isfinite(loss)
    assert model.audio_backbone.frozen or any(p.grad.any() for p in model.audio_backbone.parameters())
    model.eval()
    with torch.no_grad():
        samples = [model.test_step(batch)[0] for batch in Runner.build_dataloader(cfg.test_dataloader)]
    sizes = {tuple(sample.gt_masks.shape) for sample in samples}
    assert len(sizes) > 1
    for sample in samples:
        assert sample.pred_logits.shape == (1, 22, *sample.ori_shape)
        assert torch.isfinite(sample.pred_logits).all()
