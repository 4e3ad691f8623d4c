import pytest
import torch
from torch.nn import functional as F

from mmavs.models.audio_backbones import AudioCNN
from mmavs.models.taggers import AudioTagger
from mmavs.structures import AVSDataSample


def batch():
    generator = torch.Generator().manual_seed(0)
    inputs = dict(
        audio=torch.randn(2, 3, 1, 96, 64, generator=generator),
        frame_valid=torch.tensor([[True, True, True], [True, False, False]]),
    )
    samples = [
        AVSDataSample(frame_valid=torch.ones(t).bool(), tags=torch.randint(0, 2, (t, 4), generator=generator).float())
        for t in (3, 1)
    ]
    return inputs, samples


def test_loss_is_the_mean_over_seconds_that_exist():
    model = AudioTagger(AudioCNN(), num_tags=4).eval()
    inputs, samples = batch()
    logits = model(inputs)
    seconds = [(logits[0, t], samples[0].tags[t]) for t in range(3)] + [(logits[1, 0], samples[1].tags[0])]
    want = sum(F.binary_cross_entropy_with_logits(x, y, reduction='sum') for x, y in seconds) / 4
    torch.testing.assert_close(model(inputs, samples, mode='loss')['loss_tag'], want)


def test_predict_gives_scores_for_the_clip_s_own_seconds():
    inputs, samples = batch()
    out = AudioTagger(AudioCNN(), num_tags=4).eval()(inputs, samples, mode='predict')
    assert [tuple(s.pred_tags.shape) for s in out] == [(3, 4), (1, 4)]
    assert 0 <= float(out[0].pred_tags.min()) <= float(out[0].pred_tags.max()) <= 1


def test_tags_of_another_length_are_refused():
    inputs, samples = batch()
    with pytest.raises(ValueError, match=r'has tags \(3, 4\), the tagger has 7'):
        AudioTagger(AudioCNN(), num_tags=7)(inputs, samples, mode='loss')
