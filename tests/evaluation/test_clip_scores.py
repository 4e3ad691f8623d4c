import numpy as np
import pytest
from clips import BINARY_METRICS, make_clips

from mmavs.evaluation.clip_scores import ClipScores, collect_clip_scores
from mmavs.registry import METRICS


def scored(clips, cfgs=BINARY_METRICS):
    metrics = [METRICS.build(dict(cfg)) for cfg in cfgs]
    for metric in metrics:
        metric.process(None, clips)
    return metrics


def weighted(scores, key, weights):
    kept = weights > 0
    return float((scores.values[key][kept] * weights[kept]).sum() / weights.sum())


def test_weighted_means_over_clips_are_the_values_of_the_set():
    clips = make_clips()
    metrics = scored(clips)
    scores = collect_clip_scores(metrics)
    assert scores.clip_ids.tolist() == [f'clip{i}' for i in range(7)]
    whole = {key: value for metric in metrics for key, value in metric.evaluate(len(clips)).items()}
    frames, empty = scores.values['avs/num_frames'], scores.values['avs/num_empty_frames']
    for key, weights in {
        'avs/J_frame': frames,
        'avs/J_nonempty': frames - empty,
        'avs/FP_rate_empty': empty,
        'avs/FP_area_empty': empty,
        'avs/mask_rate': frames,
        'avs/J_change': scores.values['avs/num_change'],
        'avs/J_steady': scores.values['avs/num_steady'],
    }.items():
        assert weighted(scores, key, weights) == pytest.approx(whole[key], abs=1e-12), key
    assert weighted(scores, 'avs/F_common', frames - empty) == pytest.approx(whole['avs/F_max_exact'], abs=1e-12)


def test_order_is_that_of_the_data_set_whatever_the_order_of_the_loop():
    clips = make_clips()
    forward, backward = collect_clip_scores(scored(clips)), collect_clip_scores(scored(clips[::-1]))
    assert forward.clip_ids.tolist() == backward.clip_ids.tolist()
    for key, value in forward.values.items():
        np.testing.assert_array_equal(value, backward.values[key])


def test_file_gives_back_what_was_saved(tmp_path):
    scores = collect_clip_scores(scored(make_clips()))
    scores.save(tmp_path / 'a' / 'crowd.npz')
    read = ClipScores.load(tmp_path / 'a' / 'crowd.npz')
    assert read.clip_ids.tolist() == scores.clip_ids.tolist()
    assert set(read.values) == set(scores.values)
    np.testing.assert_array_equal(read.values['avs/J_frame'], scores.values['avs/J_frame'])
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['crowd.npz']
    np.savez(tmp_path / 'other.npz', x=np.zeros(2))
    with pytest.raises(ValueError, match="holds no 'clip_ids'"):
        ClipScores.load(tmp_path / 'other.npz')


def test_clips_must_be_told_apart():
    clips = make_clips()
    clips[1].set_metainfo(dict(clip_id='clip0'))
    with pytest.raises(ValueError, match='ids that differ'):
        collect_clip_scores(scored(clips))
    with pytest.raises(ValueError, match='no metric of mmavs'):
        collect_clip_scores([])
