import pytest
import torch

from mmavs.models.contracts import AVSFeatures
from mmavs.models.necks import TPAVINeck
from mmavs.models.necks.tpavi_attention import attend_linear, attend_quadratic


def loop(query, key, value, weight, size):
    """Every position of every frame meets every position of the frames of its group, one group after the other."""
    num_clips, num_frames = weight.shape
    out = torch.zeros_like(query)
    for clip in range(num_clips):
        for start in range(0, num_frames, size or num_frames):
            frames = [clip * num_frames + t for t in range(start, min(start + (size or num_frames), num_frames))]
            counted = [m for m in frames if weight.flatten()[m] > 0]
            for m in frames:
                for other in counted:
                    scores = query[m].flatten(1).T @ key[other].flatten(1)
                    part = scores @ value[other].flatten(1).T / (scores.shape[1] * len(counted))
                    out[m] += part.T.view_as(out[m])
    return out


@pytest.mark.parametrize('size', [None, 1, 3, 5])
def test_both_forms_equal_a_loop_over_groups_and_frames(size):
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(14, 6, 3, 4, generator=generator, dtype=torch.float64) for _ in range(3))
    weight = torch.tensor([[1.0] * 7, [1, 1, 1, 1, 0, 0, 0]], dtype=torch.float64)
    want = loop(query, key, value, weight, size)
    kernel = key.flatten(2) @ value.flatten(2).transpose(1, 2) / 12
    torch.testing.assert_close(attend_linear(query, kernel, weight, size), want)
    torch.testing.assert_close(attend_quadratic(query, key, value, weight, size), want)


@pytest.mark.parametrize('visual_visual', [False, True])
@pytest.mark.parametrize('frames_per_group', [5, 3, None])
@pytest.mark.parametrize('mask_padding', [True, False])
def test_the_option_changes_the_cost_and_not_the_numbers(visual_visual, frames_per_group, mask_padding):
    def build(attention):
        torch.manual_seed(0)
        neck = TPAVINeck(
            (8, 10), 16, 12, stages=(0, 1), visual_visual=visual_visual, frames_per_group=frames_per_group,
            mask_padding=mask_padding, attention=attention,
        )  # fmt: skip
        for block in neck.blocks.values():
            torch.nn.init.normal_(block.out_norm.weight)
        return neck.double().train()  # float64: batch norm and layer norm magnify rounding of small maps

    def run(neck):
        torch.manual_seed(1)
        maps = tuple(torch.randn(14, c, s, s, dtype=torch.float64, requires_grad=True) for c, s in ((8, 6), (10, 3)))
        valid = torch.arange(7) < torch.tensor([[7], [4]])
        out = neck(AVSFeatures(maps=maps, audio=torch.randn(2, 7, 12).double(), frame_valid=valid)).maps
        torch.cat([x.square().flatten() for x in out]).sum().backward()
        return [*out, *(x.grad for x in maps)], {n: p.grad for n, p in neck.named_parameters()}

    (linear, linear_grads), (quadratic, quadratic_grads) = run(build('linear')), run(build('quadratic'))
    torch.testing.assert_close(linear, quadratic)
    torch.testing.assert_close(linear_grads, quadratic_grads)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="attention must be 'linear' or 'quadratic', got 'flash'"):
        TPAVINeck((8,), stages=(0,), attention='flash')
    with pytest.raises(ValueError, match='frames_per_group must be at least 1 or None, got 0'):
        TPAVINeck((8,), stages=(0,), frames_per_group=0)
