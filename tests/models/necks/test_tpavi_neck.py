import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.necks import TPAVINeck
from mmavs.models.necks.tpavi_attention import mean_over_frame_groups
from mmavs.models.necks.tpavi_neck import TPAVIBlock

CHANNELS, AUDIO = 16, 12


def block(seed=0, **options):
    torch.manual_seed(seed)
    defaults = dict(align_bias=True, frames_per_group=5, mask_padding=True)
    module = TPAVIBlock(CHANNELS, AUDIO, **{**defaults, **options})
    torch.nn.init.normal_(module.out_norm.weight)
    return module.eval()


def quadratic(module, x, key, num_frames):
    """The published formula for one group of frames: an N x N matrix, divided by N."""
    x = x.unflatten(0, (-1, num_frames)).transpose(1, 2)  # B, C, T, H, W
    spread = x if key is None else key.transpose(1, 2)[..., None, None].expand_as(x)

    def conv(layer, y):
        return F.conv3d(y, layer.weight.unsqueeze(2), layer.bias)

    theta, phi, g = (conv(m, y).flatten(2) for m, y in ((module.theta, x), (module.phi, spread), (module.g, x)))
    attention = theta.transpose(1, 2) @ phi
    y = (attention / attention.shape[-1]) @ g.transpose(1, 2)
    y = y.transpose(1, 2).unflatten(2, x.shape[2:])
    norm = module.out_norm
    y = F.batch_norm(
        conv(module.out_proj, y), norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )
    z = module.layer_norm((x + y).permute(0, 2, 3, 4, 1))
    return z.permute(0, 1, 4, 2, 3).flatten(0, 1)


@pytest.mark.parametrize('with_audio', [True, False])
def test_linear_form_equals_the_quadratic_form(with_audio):
    module = block()
    x = torch.randn(10, CHANNELS, 6, 7)
    key = module.align_channel(torch.randn(2, 5, AUDIO)) if with_audio else None
    got = module(x, key, torch.ones(2, 5, dtype=torch.bool))
    torch.testing.assert_close(got, quadratic(module, x, key, 5), rtol=1e-5, atol=1e-5)


def test_a_ten_frame_clip_is_two_groups_of_five():
    module = block()
    x, audio = torch.randn(10, CHANNELS, 4, 4), torch.randn(1, 10, AUDIO)
    whole = module(x, module.align_channel(audio), torch.ones(1, 10, dtype=torch.bool))
    apart = module(x, module.align_channel(audio.view(2, 5, AUDIO)), torch.ones(2, 5, dtype=torch.bool))
    torch.testing.assert_close(whole, apart)


@pytest.mark.parametrize('size', [None, 1, 3, 5, 8])
def test_group_mean_equals_a_loop(size):
    x = torch.randn(2, 7, 3)
    weight = torch.rand(2, 7).round()
    got = mean_over_frame_groups(x, weight, size)
    step = size or 7
    for clip in range(2):
        for start in range(0, 7, step):
            part, w = x[clip, start : start + step], weight[clip, start : start + step, None]
            mean = (part * w).sum(0) / max(float(w.sum()), 1)
            torch.testing.assert_close(got[clip, start : start + step], mean.expand_as(part))


def features(lengths, num_frames, seed=0, audio=None):
    generator = torch.Generator().manual_seed(seed)
    valid = torch.arange(num_frames) < torch.tensor(lengths)[:, None]
    maps = tuple(torch.randn(len(lengths) * num_frames, c, s, s, generator=generator) for c, s in ((8, 8), (10, 4)))
    audio = torch.randn(len(lengths), num_frames, AUDIO, generator=generator)
    return AVSFeatures(maps=maps, audio=audio, frame_valid=valid)


def neck(**options):
    torch.manual_seed(1)
    module = TPAVINeck((8, 10), CHANNELS, AUDIO, **{'stages': (0, 1), **options})
    for item in module.blocks.values():
        torch.nn.init.normal_(item.out_norm.weight)
    return module.eval()


@pytest.mark.parametrize('visual_visual', [False, True])
@pytest.mark.parametrize('frames_per_group', [5, None, 3])
def test_padded_frames_change_nothing_and_come_out_zero(visual_visual, frames_per_group):
    module = neck(visual_visual=visual_visual, frames_per_group=frames_per_group)
    long = features([4], 7)
    changed = features([4], 7)
    pad = ~long.frame_valid.flatten()
    for x in changed.maps:
        x[pad] = 100.0
    changed.audio[:, 4:] = -50.0
    short = AVSFeatures(
        maps=tuple(x[:4] for x in long.maps), audio=long.audio[:, :4], frame_valid=long.frame_valid[:, :4]
    )
    a, b = module(long), module(changed)
    for x, y in zip(a.maps, b.maps, strict=True):
        torch.testing.assert_close(x, y)
        assert x[4:].abs().max() == 0
    if frames_per_group != 3:  # the same frames form the same groups
        for x, y in zip(a.maps, module(short).maps, strict=True):
            torch.testing.assert_close(x[:4], y)


def test_two_branches_are_averaged():
    data = features([5], 5)
    both = neck(visual_visual=True)(data).maps
    one = neck()(data).maps
    other = neck(audio_visual=False, visual_visual=True)(data).maps
    for x, y, z in zip(both, one, other, strict=True):
        torch.testing.assert_close(x, (y + z) / 2)


def test_stages_left_out_pass_the_context_convolution_only():
    module, data = neck(stages=(1,)), features([5], 5)
    out = module(data)
    torch.testing.assert_close(out.maps[0], module.context[0](data.maps[0]))
    assert out.aux['tpavi_audio'][0] is None
    assert out.aux['tpavi_audio'][1].shape == (1, 5, CHANNELS)


@pytest.mark.parametrize('options', [{}, dict(visual_visual=True), dict(audio_visual=False, visual_visual=True)])
def test_gradients_reach_every_trainable_parameter(options):
    module = neck(**options).train()
    out = module(features([5, 5], 5))
    sum(x.square().sum() for x in out.maps).backward()
    without = [n for n, p in module.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []


def test_fusion_starts_as_the_normalised_map():
    module = TPAVINeck((8, 10), CHANNELS, AUDIO, stages=(0,)).eval()
    data = features([5], 5)
    x = module.context[0](data.maps[0])
    want = F.layer_norm(x.permute(0, 2, 3, 1), (CHANNELS,)).permute(0, 3, 1, 2)
    torch.testing.assert_close(module(data).maps[0], want)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match='audio_visual=True, visual_visual=True or both'):
        TPAVINeck((8,), stages=(0,), audio_visual=False)
    with pytest.raises(ValueError, match=r'stages \(0, 3\) must lie in 0..1'):
        TPAVINeck((8, 10), stages=(0, 3))


def test_normalised_inputs_do_not_depend_on_the_scale_of_the_backbone():
    module, data = neck(norm_inputs=True).train(), features([5, 5], 5)
    large = features([5, 5], 5)
    large.maps = tuple(10 * x for x in large.maps)
    for x, y in zip(module(data).maps, module(large).maps, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-3, atol=1e-3)
