import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.temporal import TemporalAttn

CODES = [None, 'learned', 'sinusoidal']


def features(lengths=(5, 3), channels=8, size=(6, 4), seed=0, device='cpu'):
    generator = torch.Generator().manual_seed(seed)
    num_frames = max(lengths)
    valid = torch.arange(num_frames) < torch.tensor(lengths)[:, None]
    x = torch.randn(len(lengths), num_frames, channels, *size, generator=generator)
    x = (x * valid[:, :, None, None, None]).flatten(0, 1)
    return AVSFeatures((x.to(device),), torch.zeros(len(lengths), num_frames, 1).to(device), valid.to(device))


def build(seed=0, **options):
    torch.manual_seed(seed)
    module = TemporalAttn(8, 2, **options)
    for layer in [module.out_proj] + ([module.ffn[-1]] if module.ffn else []):  # zero at first
        torch.nn.init.normal_(layer.weight, std=0.3)
    if options.get('time_code', 'learned') == 'learned':
        torch.nn.init.normal_(module.time_code.code)
    return module.eval()


def reference(module, x, code):
    """One clip ``(T, C, H, W)``, pixel by pixel, head by head, frame by frame."""
    num_frames, channels, height, width = x.shape
    result, head = x.clone(), channels // module.num_heads
    for i in range(height):
        for j in range(width):
            tokens = x[:, :, i, j]
            normed = F.layer_norm(tokens, (channels,), module.norm.weight, module.norm.bias)
            query, key = module.query_key(normed + code).split(channels, dim=1)
            value, attended = module.value(normed), torch.zeros_like(tokens)
            for h in range(module.num_heads):
                part = slice(h * head, (h + 1) * head)
                for t in range(num_frames):
                    weight = (key[:, part] @ query[t, part] / head**0.5).softmax(0)
                    attended[t, part] = weight @ value[:, part]
            result[:, :, i, j] = tokens + module.out_proj(attended)
    return result


@pytest.mark.parametrize('options', [{}, dict(ffn_ratio=2)])
def test_untrained_it_changes_nothing(options):
    data = features()
    torch.testing.assert_close(TemporalAttn(8, 2, **options)(data).maps[0], data.maps[0])


@pytest.mark.parametrize('time_code', [None, 'learned'])
def test_equals_a_loop_over_pixels_heads_and_frames(time_code):
    module, data = build(time_code=time_code), features(size=(3, 2))
    out = module(data).maps[0].unflatten(0, (2, 5))
    for clip, length in enumerate((5, 3)):
        code = module.time_code.code[:length] if time_code else 0
        want = reference(module, data.maps[0].unflatten(0, (2, 5))[clip, :length], code)
        torch.testing.assert_close(out[clip, :length], want)
    assert out[1, 3:].abs().max() == 0


@pytest.mark.parametrize('options', [{}, dict(stride=4), dict(ffn_ratio=2)])
def test_one_frame_passes_unchanged_alone_and_in_a_batch(options):
    module = build(**options)
    single = features((1,))
    assert torch.equal(module(single).maps[0], single.maps[0])
    padded = features((4, 1))
    assert torch.equal(module(padded).maps[0][4:], padded.maps[0][4:])


@pytest.mark.parametrize('options', [dict(time_code=c) for c in CODES] + [dict(stride=4, ffn_ratio=2)])
@pytest.mark.parametrize('max_frames', [10, 2])
def test_padding_changes_nothing(options, max_frames):
    module, data = build(max_frames=max_frames, **options), features((6, 3))
    together = module(data).maps[0].unflatten(0, (2, 6))[1, :3]
    alone = AVSFeatures((data.maps[0][6:9],), data.audio[1:, :3], data.frame_valid[1:, :3])
    torch.testing.assert_close(together, module(alone).maps[0])
    noisy = data.maps[0].clone()
    noisy[9:] = 7
    changed = module(data.updated(maps=(noisy,))).maps[0].unflatten(0, (2, 6))
    torch.testing.assert_close(changed[1, :3], together)
    assert torch.equal(changed[1, 3:], torch.full_like(changed[1, 3:], 7))


@pytest.mark.parametrize('time_code', CODES)
def test_order_of_the_frames_matters_through_the_time_code_only(time_code):
    module, data = build(time_code=time_code), features((5,))
    order = torch.tensor([3, 1, 4, 0, 2])
    permuted = module(data.updated(maps=(data.maps[0][order],))).maps[0]
    same = torch.allclose(permuted, module(data).maps[0][order], atol=1e-5)
    assert same == (time_code is None)


def test_frames_exchange_information_and_clips_do_not():
    module, data = build(), features((5, 5))
    x = data.maps[0].clone().requires_grad_()
    module(data.updated(maps=(x,))).maps[0][2].sum().backward()
    seen = x.grad.flatten(1).abs().sum(1) > 0
    assert seen.tolist() == [True] * 5 + [False] * 5


def test_learned_code_is_read_by_frame_and_interpolated_for_long_clips():
    code = build(max_frames=3).time_code
    got = code(torch.tensor([[True] * 2 + [False] * 3, [True] * 3 + [False] * 2, [True] * 5]))
    torch.testing.assert_close(got[0, :2], code.code[:2])
    torch.testing.assert_close(got[1, :3], code.code)
    torch.testing.assert_close(got[2, ::2], code.code)
    torch.testing.assert_close(got[2, 1], (code.code[0] + code.code[1]) / 2)


def test_level_picks_one_map():
    data = features()
    coarse = torch.randn(10, 8, 3, 2)
    out = build(level=1)(data.updated(maps=(data.maps[0], coarse)))
    assert out.maps[0] is data.maps[0]
    assert not torch.equal(out.maps[1], coarse)
    with pytest.raises(ValueError, match='level 1, got 1 maps'):
        build(level=1)(data)


@pytest.mark.parametrize('options', [dict(time_code='learned', ffn_ratio=2), dict(stride=4)])
def test_every_parameter_is_trained_also_under_bf16(options):
    module = build(**options).train()
    with torch.autocast('cpu', torch.bfloat16):
        out = module(features()).maps[0]
    assert torch.isfinite(out).all()
    out.square().sum().backward()
    used = {n: p.grad for n, p in module.named_parameters()}
    assert [n for n, grad in used.items() if grad is None or not grad.abs().sum() > 0] == []


@pytest.mark.parametrize('options', [dict(time_code=c, stride=s) for c in CODES for s in (1, 2)])
def test_one_graph_and_no_device(options):
    module, data = build(ffn_ratio=1, **options), features(size=(5, 3))
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend='eager')
    with torch.no_grad():
        torch.testing.assert_close(compiled(data).maps[0], module(data).maps[0])
    assert module.to('meta')(features(size=(5, 3), device='meta')).maps[0].shape == data.maps[0].shape


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_heads=3), 'must divide channels=8'),
        (dict(stride=0), 'stride >= 1'),
        (dict(time_code='sine'), "got 'sine'"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        TemporalAttn(8, **{'num_heads': 2, **options})
