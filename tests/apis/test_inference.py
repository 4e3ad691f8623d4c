import copy

import numpy as np
import pytest
import torch

from mmavs.apis import get_config, inference_clip, init_model, list_configs
from mmavs.apis.model_zoo import config_root

SMALL = dict(
    type='AVSegmentor',
    backbone=dict(type='ResNetStages', depth=18),
    audio_backbone=dict(type='AudioCNN', channels=(4, 4, 8, 8), out_channels=128),
    neck=dict(type='TPAVINeck', in_channels=(64, 128, 256, 512), channels=16, stages=(3,)),
    decode_head=dict(type='TPAVIHead', channels=16, num_classes=1),
)


@pytest.fixture(scope='module')
def config():
    cfg = get_config('tpavi/tpavi_r50_ms3.py')
    cfg.model = SMALL
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'ResizeClip':
            step.size = (64, 64)
    return cfg


def clip(num_frames=3, size=(40, 60), seconds=3.2):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (num_frames, *size, 3), dtype=np.uint8), rng.uniform(-0.1, 0.1, int(seconds * 16000))


def test_model_is_ready_for_inference_and_reproducible_from_its_checkpoint(config, tmp_path):
    one = init_model(config)
    assert not one.training
    torch.save(dict(state_dict=one.state_dict()), tmp_path / 'a.pth')
    other = init_model(config, str(tmp_path / 'a.pth'))
    frames, waveform = clip()
    first, second = (inference_clip(model, frames, waveform, 16000) for model in (one, other))
    assert torch.equal(first.pred_logits, second.pred_logits)
    assert first.pred_logits.shape == (3, 1, 40, 60)
    assert first.pred_masks.shape == (3, 40, 60)
    assert torch.equal(first.pred_masks.bool(), first.pred_logits[:, 0] > 0)


def test_a_checkpoint_without_any_audio_backbone_takes_audio_features_only(config, tmp_path):
    complete = init_model(config)
    weights = {k: v for k, v in complete.state_dict().items() if not k.startswith('audio_backbone.')}
    torch.save(dict(state_dict=weights), tmp_path / 'released.pth')
    model = init_model(config, str(tmp_path / 'released.pth'))
    inputs = dict(frames=torch.randn(1, 2, 3, 64, 64), audio_features=torch.randn(1, 2, 128))
    with torch.no_grad():
        assert torch.equal(model(inputs, mode='tensor'), complete(inputs, mode='tensor'))
    inputs['audio'] = torch.randn(1, 2, 1, 96, 64)
    del inputs['audio_features']
    with pytest.raises(RuntimeError, match=r'released\.pth holds no audio backbone \(AudioCNN\): give audio_features'):
        model(inputs, mode='tensor')
    weights['audio_backbone.' + next(iter(complete.audio_backbone.state_dict()))] = torch.zeros(1)
    torch.save(dict(state_dict=weights), tmp_path / 'partly.pth')
    with pytest.raises(ValueError, match=r'partly\.pth does not belong to this model'):
        init_model(config, str(tmp_path / 'partly.pth'))


def test_a_config_with_cached_features_takes_clips_as_well(config):
    cfg = copy.deepcopy(config)
    expected = inference_clip(init_model(cfg), *clip(), 16000).pred_logits.shape
    cfg.test_dataloader.dataset = dict(type='FrozenFeatureDataset', dataset=cfg.test_dataloader.dataset)
    assert inference_clip(init_model(cfg), *clip(), 16000).pred_logits.shape == expected


def test_token_maps_are_copied_up_to_the_frames_and_never_smoothed(config):
    cfg = copy.deepcopy(config)
    cfg.model.neck = dict(
        type='AMANeck',
        in_channels=(64, 128, 256, 512),
        channels=16,
        stages=(3,),
        between_stages=False,
        clustering=dict(type='GridGroups'),
        num_groups=4,
    )
    cfg.model.decode_head = dict(type='UncertaintyDecodeHead', channels=16, num_classes=1)
    cfg.model.pixel_decoder = dict(type='FPNPixelDecoder', in_channels=(16, 16, 16, 16), channels=16)
    sample = inference_clip(init_model(cfg), *clip(), 16000)
    assert sample.pred_response.shape == sample.pred_groups.shape == (3, 40, 60)
    assert sample.pred_groups.dtype == torch.long
    for frame in range(3):  # 2x2 tokens at stride 32
        assert len(sample.pred_groups[frame].unique()) <= 4
        assert len(sample.pred_response[frame].unique()) <= 4
    assert 0 <= sample.pred_response.min() <= sample.pred_response.max() <= 1


def test_stereo_at_another_rate_is_taken(config):
    frames, waveform = clip()
    stereo = np.stack([waveform, waveform]).astype(np.float32)
    assert inference_clip(init_model(config), frames, stereo, 8000).pred_masks.shape == (3, 40, 60)


def test_a_checkpoint_of_another_model_is_refused_with_its_keys(config, tmp_path):
    state = init_model(config).state_dict()
    name = next(iter(state))
    state['surplus'] = state.pop(name)
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='does not belong to this model') as error:
        init_model(config, tmp_path / 'a.pth')
    assert 'surplus' in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ('frames', 'waveform', 'error', 'message'),
    [
        (np.zeros((3, 8, 8, 3), np.float32), np.zeros(48000), TypeError, 'uint8'),
        (np.zeros((3, 8, 8, 3), np.uint8), np.zeros(48000, np.int16), TypeError, 'floating-point'),
        (np.zeros((3, 3, 8, 8), np.uint8), np.zeros(48000), ValueError, r'\(T, H, W, 3\)'),
        (np.zeros((3, 8, 8, 3), np.uint8), np.full(48000, np.nan), ValueError, 'not finite'),
    ],
)
def test_wrong_clips_are_refused(config, frames, waveform, error, message):
    with pytest.raises(error, match=message):
        inference_clip(init_model(config), frames, waveform, 16000)


def test_configs_are_found_by_name():
    names = list_configs('*r50*')
    assert 'tpavi/tpavi_r50_ms3.py' in names
    assert not any(name.startswith('_base_') for name in list_configs())
    assert get_config('tpavi/tpavi_r50_ms3.py').filename == str(config_root() / 'tpavi/tpavi_r50_ms3.py')
    with pytest.raises(FileNotFoundError, match=r'tpavi/nothing\.py is neither a file nor one of'):
        get_config('tpavi/nothing.py')
    with pytest.raises(FileNotFoundError, match=r"near: \['tpavi/tpavi_r50_ms3\.py'"):
        get_config('tpavi/tpavi_r5_ms3')
    with pytest.raises(FileNotFoundError, match=r"near: \['catr/catr_r50_s4\.py'\]\. "):
        get_config('catr_r50_s4')
