"""The configs run without a device, under bf16 autocast and as one compiled graph, and train every parameter."""

import pytest
import torch

from mmavs.apis import get_config, init_model, list_configs
from mmavs.models.audio_backbones import MelResNet18
from mmavs.structures import AVSDataSample

LENGTHS = (5, 3)
NAMES = [name for method in ('tpavi', 'ama', 'benchmark') for name in list_configs() if name.startswith(f'{method}/')]
SMALL = [
    'tpavi/tpavi_r50_ms3.py',
    'tpavi/tpavi_r50_avss.py',
    'tpavi/tpavi_pvt-v2-b5_s4.py',
    'tpavi/tpavi_lite0_avstamps-s4.py',
    'ama/ama_r50_avss.py',
    'ama/ama_pvt-v2-b5_s4.py',
    'ama/ama_lite0_avstamps-s4.py',
    'ama/ama_lite0_avstamps-vpo-stereo.py',
    'tpavi/tpavi_r50_vpo-ms-stereo.py',
    'benchmark/gate-temporal_lite0_avstamps-gap.py',
    'benchmark/responsegate_lite0_avstamps-crowd.py',
]


def build(name, device='cpu'):
    cfg = get_config(name)
    cfg.model.backbone.pretrained = cfg.model.audio_backbone.pretrained = None
    if device == 'cpu' and cfg.model.backbone.type == 'PVTv2Stages':
        cfg.model.backbone.variant = 'b0'
        cfg.model.neck.in_channels = widths = (32, 64, 160, 256)
        if 'pixel_decoder' in cfg.model:
            cfg.model.pixel_decoder.in_channels = widths
            cfg.model.losses[3].channels = {2: 160, 3: 256}
    torch.manual_seed(0)
    with torch.device(device):
        model = init_model(cfg, device=device)
    for name, parameter in model.named_parameters():  # zero at first, which would hide what stands before them
        if name.startswith('temporal.') and name.endswith('weight'):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def audio_shape(model):
    if isinstance(model.audio_backbone, MelResNet18):
        return model.audio_backbone.in_channels, 300, 64
    return 1, 96, 64


def batch(model, device='cpu', size=64):
    classes = max(model.cfg.model.decode_head.num_classes, 2)
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor(LENGTHS)
    inputs = dict(
        frames=torch.randn(2, 5, 3, size, size, generator=generator),
        audio=torch.randn(2, 5, *audio_shape(model), generator=generator),
        frame_valid=torch.arange(5) < lengths[:, None],
    )
    samples = [
        AVSDataSample(
            gt_masks=torch.randint(0, classes, (t, size, size), generator=generator),
            frame_valid=torch.ones(t, dtype=torch.bool),
            frame_annotated=torch.ones(t, dtype=torch.bool),
        ).to(device)
        for t in LENGTHS
    ]
    return {name: value.to(device) for name, value in inputs.items()}, samples


@pytest.mark.parametrize('name', NAMES)
def test_forward_and_loss_need_no_data(name):
    model = build(name, 'meta')
    inputs, samples = batch(model, 'meta')
    logits = model(inputs)
    assert logits.device.type == 'meta'
    assert logits.shape == (2, 5, model.cfg.model.decode_head.num_classes, 64, 64)
    losses = model.train()(inputs, samples, mode='loss')
    assert all(loss.shape == () for loss in losses.values())


@pytest.mark.parametrize('name', SMALL)
def test_every_parameter_is_trained_and_finite_under_bf16(name):
    model = build(name).train()
    inputs, samples = batch(model)
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(inputs, samples, mode='loss')
    assert all(loss.dtype == torch.float32 and torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    trained = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    assert [n for n, grad in trained.items() if grad is None or not torch.isfinite(grad).all()] == []
    assert any(n.startswith('audio_backbone') for n in trained) is not model.audio_backbone.frozen


@pytest.mark.parametrize('name', SMALL)
def test_the_forward_is_one_graph(name):
    model = build(name)
    inputs, _ = batch(model)
    torch._dynamo.reset()  # each model is a compilation of its own
    with torch.no_grad():
        compiled = torch.compile(model, fullgraph=True, backend='eager')
        torch.testing.assert_close(compiled(inputs), model(inputs))


def test_a_padded_clip_gives_the_numbers_it_gives_alone():
    model = build('tpavi/tpavi_r50_ms3.py')
    for block in model.neck.blocks.values():
        torch.nn.init.normal_(block.out_norm.weight)
    inputs, _ = batch(model)
    with torch.no_grad():
        together = model(inputs)
        alone = model({name: value[1:, :3] for name, value in inputs.items()})
    torch.testing.assert_close(together[1:, :3], alone, rtol=1e-4, atol=1e-5)
    assert together[1, 3:].abs().max() == 0


@pytest.mark.parametrize('name', list_configs('tagger_*.py'))
def test_taggers_train_every_parameter_on_any_device_and_as_one_graph(name):
    model = build_tagger(name)
    inputs, samples = batch_of_sounds(model.classify.out_features)
    with torch.autocast('cpu', torch.bfloat16):
        loss = model.train()(inputs, samples, mode='loss')['loss_tag']
    loss.backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []
    with torch.no_grad():
        model.eval()
        compiled = torch.compile(model, fullgraph=True, backend='eager')
        torch.testing.assert_close(compiled(inputs), model(inputs))
    meta = model.to('meta')
    inputs, samples = batch_of_sounds(model.classify.out_features, 'meta')
    assert meta(inputs, samples, mode='loss')['loss_tag'].device.type == 'meta'


def build_tagger(name):
    torch.manual_seed(0)
    return init_model(get_config(name))


def batch_of_sounds(num_tags, device='cpu'):
    inputs = dict(audio=torch.randn(2, 5, 1, 96, 64), frame_valid=torch.ones(2, 5, dtype=torch.bool))
    samples = [
        AVSDataSample(frame_valid=torch.ones(5).bool(), tags=torch.ones(5, num_tags)).to(device) for _ in range(2)
    ]
    return {name: value.to(device) for name, value in inputs.items()}, samples
