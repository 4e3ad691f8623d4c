import pytest
import torch
from torch.nn import functional as F

from mmavs.models.contracts import AVSFeatures
from mmavs.models.decode_heads import CATRHead

SMALL = dict(channels=64, num_queries=4, num_layers=2, num_heads=2, ffn_channels=32, kernel_channels=8, dropout=0.0)


def features(valid=None, levels=3):
    generator = torch.Generator().manual_seed(0)
    maps = tuple(torch.randn(6, 64, 16 >> i, 16 >> i, generator=generator) for i in range(levels))
    aux = dict(
        query_memory=torch.randn(6, 10, 64, generator=generator),
        query_memory_pos=torch.randn(10, 64, generator=generator),
        query_memory_padding=torch.zeros(6, 10, dtype=torch.bool),
    )
    valid = torch.ones(2, 3, dtype=torch.bool) if valid is None else valid
    return AVSFeatures(maps, torch.zeros(2, 3, 5), valid, aux)


def build(**options):
    torch.manual_seed(0)
    return CATRHead(**SMALL, **options).eval()


def test_the_mask_of_the_best_scored_query_is_shown():
    valid = torch.tensor([[True, True, True], [True, True, False]])
    with torch.no_grad():
        output = build()(features(valid), (32, 32))
    masks, scores = output.features.aux['query_masks'], output.features.aux['query_scores']
    assert masks.shape == (2, 2, 3, 4, 8, 8)
    assert scores.shape == (2, 2, 3, 4, 2)
    best = scores[-1].softmax(-1)[..., 0].argmax(-1)
    for b, t in valid.nonzero().tolist():
        expected = F.interpolate(masks[-1, b, t, best[b, t]][None, None], (32, 32), mode='bilinear')[0]
        torch.testing.assert_close(output.logits[b, t], expected)
    assert output.logits[1, 2].abs().max() == 0


def test_masks_are_kernels_times_features():
    head, inputs = build(), features()
    with torch.no_grad():
        masks = head(inputs, (32, 32)).features.aux['query_masks']
        decoded = head.decode(inputs)
        pixels = head.mask_features(inputs.maps[0], (inputs.maps[2], inputs.maps[1]))
        for layer, queries in enumerate(decoded):
            kernels = head.kernels(queries)
            for frame in range(6):
                expected = (kernels[frame] @ pixels[frame].flatten(1)).unflatten(-1, (8, 8))
                torch.testing.assert_close(masks[layer].flatten(0, 1)[frame], expected, rtol=1e-4, atol=1e-5)


def test_masked_memory_is_not_read():
    head, inputs = build(), features()
    inputs.aux['query_memory_padding'][:, 7:] = True
    with torch.no_grad():
        before = head(inputs, (32, 32)).logits
        inputs.aux['query_memory'][:, 7:] += 5
        torch.testing.assert_close(head(inputs, (32, 32)).logits, before)


def test_laterals_as_published_and_as_meant():
    inputs = features(levels=4)
    with torch.no_grad():
        assert build(memory_level=1)(inputs, (64, 64)).features.aux['query_masks'].shape[-2:] == (4, 4)
        finer = build(memory_level=1, official_coarse_laterals=False)(inputs, (64, 64))
    assert finer.features.aux['query_masks'].shape[-2:] == (16, 16)


def test_misuse_is_named():
    with pytest.raises(ValueError, match='needs a map finer than the encoded one'):
        CATRHead(**SMALL, official_coarse_laterals=False)
    with pytest.raises(ValueError, match='channels=48 must be a multiple of 64'):
        CATRHead(**{**SMALL, 'channels': 48})
    with pytest.raises(ValueError, match=r"needs aux \['query_memory', 'query_memory_pos', 'query_memory_padding'\]"):
        build()(AVSFeatures(features().maps, torch.zeros(2, 3, 5), torch.ones(2, 3).bool()), (32, 32))
    with pytest.raises(ValueError, match='one at memory_level=3, got 3'):
        build(memory_level=3)(features(), (32, 32))
