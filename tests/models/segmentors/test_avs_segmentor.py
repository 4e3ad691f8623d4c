import pytest
import torch
from torch import nn

from mmavs.models.contracts import AVSOutput
from mmavs.models.segmentors import AVSegmentor
from mmavs.structures import AVSDataSample


class Backbone(nn.Module):
    """One stage of stride 2, then one of stride 4; records what the neck handed back."""

    strides = (2, 4)

    def forward(self, x, fuse_stage=None):
        maps = []
        for stage in range(2):
            x = nn.functional.avg_pool2d(x, 2)
            if fuse_stage is not None:
                x = fuse_stage(stage, x)
            maps.append(x)
        return tuple(maps)


class Audio(nn.Module):
    def forward(self, audio):
        return audio.flatten(2).mean(-1, keepdim=True)


class AfterNeck(nn.Module):
    between_stages = False

    def forward(self, features):
        gain = features.audio.flatten(0, 1)[:, :, None, None]
        return features.updated(maps=tuple(m + gain for m in features.maps))


class BetweenNeck(nn.Module):
    between_stages = True

    def fuse_stage(self, stage, x, context):
        context.aux.setdefault('stages', []).append(stage)
        return x * 2

    def forward(self, features):
        return features


class Head(nn.Module):
    def __init__(self, num_classes=1):
        super().__init__()
        self.conv = nn.Conv2d(3, num_classes, 1)

    def forward(self, features, size):
        x = nn.functional.interpolate(self.conv(features.maps[0]), size)
        logits = x.unflatten(0, features.frame_valid.shape)
        return AVSOutput(logits, features, uncertainty=logits[:, :, 0].sigmoid())


class Loss(nn.Module):
    def __init__(self, loss_name='loss_toy'):
        super().__init__()
        self.loss_name = loss_name

    def forward(self, output, targets):
        return (output.logits[:, :, 0] * targets.masks * targets.frame_annotated[..., None, None]).sum()


def build(neck=None, losses=(), num_classes=1):
    torch.manual_seed(0)
    return AVSegmentor(Backbone(), Audio(), neck or AfterNeck(), Head(num_classes), losses).eval()


def inputs(num_clips=2, num_frames=3, size=8):
    generator = torch.Generator().manual_seed(1)
    return dict(
        frames=torch.randn(num_clips, num_frames, 3, size, size, generator=generator),
        audio=torch.randn(num_clips, num_frames, 1, 96, 64, generator=generator),
    )


def sample(length, size=8, annotated=None):
    valid = torch.ones(length, dtype=torch.bool)
    return AVSDataSample(
        gt_masks=torch.ones(length, size, size, dtype=torch.long),
        frame_valid=valid,
        frame_annotated=valid if annotated is None else torch.tensor(annotated),
    )


def test_tensor_mode_returns_logits_at_input_resolution_and_nothing_else():
    logits = build()(inputs())
    assert isinstance(logits, torch.Tensor)
    assert logits.shape == (2, 3, 1, 8, 8)


def test_given_audio_features_skip_the_audio_backbone():
    model, batch = build(), inputs()
    features = model.audio_backbone(batch['audio'])
    got = model(dict(frames=batch['frames'], audio_features=features))
    torch.testing.assert_close(got, model(batch))


def test_audio_features_of_padded_frames_are_zero():
    model, batch = build(), inputs()
    batch['frame_valid'] = torch.tensor([[True] * 3, [True, False, False]])
    audio = model.segment(batch).features.audio
    assert audio[1, 1:].abs().max() == 0
    assert audio[1, 0].abs().max() > 0


def test_a_neck_between_stages_feeds_the_next_stage():
    model, batch = build(BetweenNeck()), inputs()
    features = model.segment(batch).features
    plain = Backbone()(batch['frames'].flatten(0, 1))
    assert features.aux['stages'] == [0, 1]
    torch.testing.assert_close(features.maps[0], plain[0] * 2)
    torch.testing.assert_close(features.maps[1], plain[1] * 4)


def test_losses_are_named_and_see_padded_targets():
    model = build(losses=[Loss('loss_a'), Loss('loss_b')])
    batch = inputs()
    batch['frame_valid'] = torch.tensor([[True] * 3, [True, True, False]])
    samples = [sample(3, annotated=[True, False, False]), sample(2)]
    losses = model(batch, samples, mode='loss')
    logits = model(batch)
    assert set(losses) == {'loss_a', 'loss_b'}
    torch.testing.assert_close(losses['loss_a'], logits[0, 0].sum() + logits[1, :2].sum())


def test_two_losses_of_one_name_are_refused():
    with pytest.raises(ValueError, match='loss_name of its own'):
        build(losses=[Loss(), Loss()])


@pytest.mark.parametrize('num_classes', [1, 4])
def test_predict_cuts_to_the_clip_and_resizes_to_the_mask(num_classes):
    model = build(num_classes=num_classes)
    out = model(inputs(), [sample(3), sample(2, size=16)], mode='predict')
    assert out[0].pred_logits.shape == (3, num_classes, 8, 8)
    assert out[1].pred_logits.shape == (2, num_classes, 16, 16)
    assert out[1].pred_uncertainty.shape == (2, 16, 16)
    logits = out[0].pred_logits
    want = (logits[:, 0] > 0).long() if num_classes == 1 else logits.argmax(1)
    assert torch.equal(out[0].pred_masks, want)


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode must be 'loss', 'predict' or 'tensor', got 'train'"):
        build()(inputs(), mode='train')


def test_audio_features_must_match_the_frames():
    with pytest.raises(ValueError, match='do not match the frames'):
        build()(dict(frames=inputs()['frames'], audio_features=torch.zeros(2, 4, 1)))


def test_given_maps_skip_the_backbone():
    model, batch = build(), inputs()
    maps = [x.unflatten(0, (2, 3)) for x in model.backbone(batch['frames'].flatten(0, 1))]
    torch.testing.assert_close(model(dict(visual_features=maps, audio=batch['audio'])), model(batch))
    with pytest.raises(ValueError, match='between_stages=False'):
        build(BetweenNeck())(dict(visual_features=maps, audio=batch['audio']))


class GroupingNeck(AfterNeck):
    """Leave groups and responses of two tokens by two, told apart by frame."""

    def forward(self, features):
        frames = torch.arange(len(features.maps[0])).view(-1, 1, 1)
        return (
            super()
            .forward(features)
            .updated(groups=frames + torch.tensor([[0, 1], [2, 3]]), response=torch.rand(len(frames), 2, 2))
        )


def test_groups_and_responses_are_cut_to_the_clip_and_copied_up():
    batch = dict(inputs(), frame_valid=torch.tensor([[True, True, True], [True, True, False]]))
    samples = build(GroupingNeck())(batch, [sample(3), sample(2, size=16)], mode='predict')
    assert [tuple(s.pred_groups.shape) for s in samples] == [(3, 8, 8), (2, 16, 16)]
    assert samples[1].pred_groups[1, ::8, ::8].tolist() == [[4, 5], [6, 7]]  # the fifth frame of the batch
    assert samples[1].pred_response.shape == (2, 16, 16)
    assert len(samples[1].pred_response[0].unique()) == 4


class Doubled(nn.Module):
    def forward(self, features):
        return features.updated(maps=tuple(2 * x for x in features.maps))


def test_the_pixel_decoder_stands_between_neck_and_temporal_module():
    class Shifted(nn.Module):
        def forward(self, features):
            return features.updated(maps=tuple(x + 1 for x in features.maps))

    torch.manual_seed(0)
    model = AVSegmentor(Backbone(), Audio(), AfterNeck(), Head(), pixel_decoder=Doubled(), temporal=Shifted()).eval()
    plain = build()
    batch = inputs()
    features = (
        plain.backbone(batch['frames'].flatten(0, 1))[0]
        + model.audio_backbone(batch['audio']).flatten(0, 1)[:, :, None, None]
    )
    expected = nn.functional.interpolate(plain.decode_head.conv(2 * features + 1), (8, 8)).unflatten(0, (2, 3))
    torch.testing.assert_close(model(batch), expected)
