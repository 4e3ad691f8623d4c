"""The AVSegFormer and CATR configs run without a device, under bf16 autocast and as one graph, and train every parameter."""

import pytest
import torch

from mmavs.apis import get_config, init_model
from mmavs.structures import AVSDataSample

LENGTHS = (5, 3)
WHOLE = ['avsegformer/avsegformer_pvt-v2-b5_avss.py', 'avsegformer/avsegformer_r50_ms3.py', 'catr/catr_r50_s4.py']
SMALL = ['avsegformer/avsegformer_pvt-v2-b5_s4.py', 'avsegformer/avsegformer_r50_avss.py', 'catr/catr_pvt-v2-b5_s4.py']
SHARED = dict(channels=64, num_heads=2, ffn_channels=32, num_layers=1)
WIDTHS = dict(
    avsegformer=(
        dict(norm_groups=8),
        dict(num_queries=6, num_generator_layers=2, generator_ffn_channels=16, mix_channels=16, smooth_channels=8),
    ),
    catr=(dict(fusion_heads=2), dict(num_queries=6, kernel_channels=8)),
)
NO_GRADIENT_AT_THE_START = ('level_embed', 'decode_head.layers.0.self_')


def build(name, device='cpu'):
    """The whole model of a config on the meta device, a narrow one elsewhere."""
    cfg = get_config(name)
    cfg.model.backbone.pretrained = cfg.model.audio_backbone.pretrained = None
    if device == 'cpu':
        if cfg.model.backbone.type == 'PVTv2Stages':
            cfg.model.backbone.variant = 'b0'
            cfg.model.neck.in_channels = (32, 64, 160, 256)
        else:
            cfg.model.backbone.depth = 18
            cfg.model.neck.in_channels = (64, 128, 256, 512)
        neck, head = WIDTHS[name.split('/')[0]]
        cfg.model.neck.update(**SHARED, **neck)
        cfg.model.decode_head.update(**SHARED, **head)
    torch.manual_seed(0)
    with torch.device(device):
        return init_model(cfg, device=device)


def batch(classes, device='cpu', size=64, mask_size=64):
    generator = torch.Generator().manual_seed(0)
    inputs = dict(
        frames=torch.randn(2, 5, 3, size, size, generator=generator),
        audio=torch.randn(2, 5, 1, 96, 64, generator=generator),
        frame_valid=torch.arange(5) < torch.tensor(LENGTHS)[:, None],
    )
    samples = [
        AVSDataSample(
            gt_masks=torch.randint(0, classes, (t, mask_size, mask_size), generator=generator),
            frame_valid=torch.ones(t, dtype=torch.bool),
            frame_annotated=torch.ones(t, dtype=torch.bool),
        ).to(device)
        for t in LENGTHS
    ]
    return {name: value.to(device) for name, value in inputs.items()}, samples


def num_classes(name):
    return 71 if name.endswith('avss.py') else 1


@pytest.mark.parametrize('name', WHOLE)
def test_forward_and_loss_need_no_data(name):
    model = build(name, 'meta')
    inputs, samples = batch(2, 'meta')
    assert model(inputs).shape == (2, 5, num_classes(name), 64, 64)
    losses = model.train()(inputs, samples, mode='loss')
    assert all(loss.shape == () and loss.device.type == 'meta' for loss in losses.values())


@pytest.mark.parametrize('name', SMALL)
def test_every_parameter_is_trained_and_finite_under_bf16(name):
    model = build(name).train()
    inputs, samples = batch(max(num_classes(name), 2))
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(inputs, samples, mode='loss')
    assert all(loss.dtype == torch.float32 and torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    trained = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    assert [n for n, grad in trained.items() if grad is None or not torch.isfinite(grad).all()] == []
    # even weights and zero values at the published start keep these at rest for one step; key biases never matter
    idle = [n for n, grad in trained.items() if grad.abs().max() == 0]
    assert [n for n in idle if not any(part in n for part in NO_GRADIENT_AT_THE_START)] == []
    assert not any(n.startswith('audio_backbone') for n in trained)


@pytest.mark.parametrize('name', SMALL)
def test_the_forward_is_one_graph_and_ignores_padding(name):
    model = build(name)
    inputs, _ = batch(2)
    with torch.no_grad():
        together = model(inputs)
        compiled = torch.compile(model, fullgraph=True, backend='eager')
        torch.testing.assert_close(compiled(inputs), together)
        alone = model({key: value[1:, :3] for key, value in inputs.items()})
        inputs['frames'][1, 3:] = 9.0
        inputs['audio'][1, 3:] = -9.0
        torch.testing.assert_close(model(inputs), together, rtol=0, atol=0)
    torch.testing.assert_close(together[1:, :3], alone, rtol=1e-3, atol=1e-4)
    assert together[1, 3:].abs().max() == 0


def test_masks_may_be_smaller_than_the_frames():
    model = build('catr/catr_pvt-v2-b5_s4.py')
    inputs, samples = batch(2, mask_size=32)
    assert torch.isfinite(model(inputs, samples, mode='loss')['loss_set'])
    with torch.no_grad():
        assert model(inputs, samples, mode='predict')[1].pred_logits.shape == (3, 1, 32, 32)


def test_the_published_sizes_are_those_of_the_configs():
    for name, frames, masks in (('avsegformer_r50_s4', 512, 512), ('catr_pvt-v2-b5_s4', 448, 224)):
        pipeline = get_config(f'{name.split("_")[0]}/{name}.py').train_dataloader.dataset.pipeline
        steps = [step.type for step in pipeline]
        resize = steps.index('ResizeClip')
        assert tuple(pipeline[resize].size) == (frames, frames)
        assert steps.index('LoadClipMasks') < resize
        assert pipeline[resize].get('masks', True) == (frames == masks)  # left at 224, the size of the files
