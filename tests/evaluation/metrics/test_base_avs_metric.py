import json
import math

import pytest
import torch
from clips import BINARY_METRICS, NUM_CLIPS, SEMANTIC_METRICS, evaluate, evaluate_all, make_clip, make_clips, run_rank

ALL = [*((cfg, 1) for cfg in BINARY_METRICS), *((cfg, 4) for cfg in (*SEMANTIC_METRICS, *BINARY_METRICS))]
IDS = [f'{cfg["type"]}-{classes}' for cfg, classes in ALL]


def same(first, second):
    return {key: repr(value) for key, value in first.items()} == {key: repr(value) for key, value in second.items()}


@pytest.mark.parametrize(('cfg', 'classes'), ALL, ids=IDS)
def test_results_are_floats_whatever_the_batch_size_and_order(cfg, classes):
    clips = make_clips(num_classes=classes)
    want = evaluate([cfg], clips)
    assert all(type(value) is float for value in want.values())
    assert all(key.startswith('avs/') for key in want)
    for batch_size in (2, 3, 7):
        assert same(evaluate([cfg], clips, batch_size), want)
    assert same(evaluate([cfg], clips[::-1]), want)


@pytest.mark.parametrize(('cfg', 'classes'), ALL, ids=IDS)
def test_frames_that_do_not_exist_or_have_no_mask_never_count(cfg, classes):
    clips, changed = make_clips(num_classes=classes), make_clips(num_classes=classes)
    cfg = dict(cfg, pad_frames=0) if cfg['type'] == 'SemanticAVSMetric' else cfg
    for clip, other in zip(clips, changed, strict=True):
        for field, frame in (('frame_valid', 1), ('frame_labelled', 2)):
            getattr(clip, field)[frame] = getattr(other, field)[frame] = False
            other.pred_logits[frame] = 9 * torch.rand_like(other.pred_logits[frame])
            if cfg['type'] != 'TransitionMetric':
                other.gt_masks[frame] = 1
    assert same(evaluate([cfg], clips), evaluate([cfg], changed))


@pytest.mark.parametrize(('cfg', 'classes'), ALL, ids=IDS)
def test_samples_may_be_objects_or_dicts(cfg, classes):
    clips = make_clips(num_classes=classes)
    assert same(evaluate([cfg], [clip.to_dict() for clip in clips]), evaluate([cfg], clips))


@pytest.mark.parametrize('cfg', [*BINARY_METRICS, *SEMANTIC_METRICS], ids=lambda cfg: cfg['type'])
@pytest.mark.parametrize(('fields', 'message'), [
    (dict(pred_logits=torch.full((5, 4, 12, 16), float('nan'))), 'NaN'),
    (dict(pred_logits=torch.zeros(5, 4, 12, 17)), r'pred_logits \(5, 4, 12, 17\) .* gt_masks \(5, 12, 16\)'),
    (dict(pred_logits=torch.zeros(4, 4, 12, 16)), r'pred_logits \(4, 4, 12, 16\) .* gt_masks \(5, 12, 16\)'),
    (dict(pred_logits=torch.zeros(5, 12, 16)), r'must be \(T, K, H, W\)'),
    (dict(frame_valid=torch.ones(6).bool(), frame_labelled=torch.ones(6).bool()), 'frame_valid has'),
])  # fmt: skip
def test_what_cannot_be_scored_is_an_error_with_the_clip(cfg, fields, message):
    with pytest.raises(ValueError, match=f"{cfg['type']}, clip 'clip1': .*{message}"):
        evaluate([cfg], [make_clip(1, 4, **fields)])


@pytest.mark.parametrize('field', ['pred_logits', 'gt_masks', 'frame_valid'])
def test_a_missing_field_is_named(field):
    sample = make_clip(1).to_dict()
    del sample[field]
    with pytest.raises(ValueError, match=rf"clip 'clip1': the sample lacks \['{field}'\]"):
        evaluate(BINARY_METRICS[:1], [sample])


def test_lost_and_extra_clips_are_an_error():
    for size in (NUM_CLIPS + 1, NUM_CLIPS - 1):
        with pytest.raises(ValueError, match=f'scored {NUM_CLIPS} clips, the data set has {size}'):
            evaluate(BINARY_METRICS[:1], make_clips(), size=size)


def test_order_falls_back_to_the_clip_id_and_to_arrival():
    metric = dict(type='BinaryAVSMetric', batch_videos=2)
    samples = [clip.to_dict() for clip in make_clips()]
    want = evaluate([metric], samples)
    for key in ('sample_idx', 'clip_id'):
        for sample in samples:
            del sample[key]
        assert same(evaluate([metric], samples), want)


def test_set_of_frames_without_any_mask():
    clips = make_clips(gt_masks=torch.zeros(5, 12, 16).long(), frames=5)
    got = evaluate(BINARY_METRICS, clips)
    assert got['avs/F_max'] == got['avs/F_max_exact'] == 0
    assert math.isnan(got['avs/J_nonempty'])
    assert got['avs/num_empty_frames'] == got['avs/num_frames']
    assert got['avs/J_frame'] == pytest.approx(1 - got['avs/FP_area_empty'], abs=1e-6)


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason='torch is built without gloo')
def test_one_two_and_three_processes_agree_to_the_last_digit(tmp_path):
    want = evaluate_all(range(NUM_CLIPS), batch_size=4)
    torch.multiprocessing.spawn(run_rank, args=(str(tmp_path),), nprocs=3)
    files = [f'{world}_{kind}' for world in (2, 3) for kind in ('True', 'False', 'blocks')]
    assert {name: json.loads((tmp_path / f'{name}.json').read_text()) for name in files} == dict.fromkeys(files, want)
