import numpy as np
import pytest

from mmavs.evaluation.bootstrap import paired_bootstrap
from mmavs.evaluation.clip_scores import ClipScores
from mmavs.report.runs import SetResult
from mmavs.report.tables import clip_score, set_rows, shared_scores, shown_metrics


def result(seed, metrics=None, semantic=False):
    rng = np.random.default_rng(seed)
    if semantic:
        values = {'avs/J_foreground': rng.random(8)}
    else:
        values = {'avs/J_frame': rng.random(8), 'avs/J_nonempty': rng.random(8), 'avs/FP_rate_empty': rng.random(8)}
        values |= {
            'avs/num_frames': np.array([5.0, 10] * 4),
            'avs/num_empty_frames': np.array([0.0, 0, 2, 2, 0, 0, 1, 1]),
        }
    return SetResult(ClipScores(np.array([f'c{i}' for i in range(8)]), values), metrics or {})


def test_means_and_differences_of_a_set_and_its_subsets():
    results = [result(0), result(1)]
    subsets = ['v1', 'v1', 'v2', 'v2'] * 2
    rows = set_rows('avss', results, subsets, 'J', reference=0)
    assert [row.label for row in rows] == ['avss', 'avss / v1', 'avss / v2']
    a, b = (r.scores.values['avs/J_frame'] for r in results)
    frames = results[0].scores.values['avs/num_frames']
    for row, inside in zip(rows, (np.ones(8), np.array([1, 1, 0, 0] * 2), np.array([0, 0, 1, 1] * 2)), strict=True):
        assert row.num_clips == inside.sum()
        assert row.means[1].difference == pytest.approx(np.average(b, weights=frames * inside))
        assert row.means[1].low <= row.means[1].difference <= row.means[1].high
        assert row.differences[0] is None
        assert row.differences[1] == paired_bootstrap(b, a, 2000, weights=frames * inside)


def test_only_frames_that_count_count():
    rows = set_rows('s', [result(0)], ['v1'] * 2 + ['v2'] * 6, 'FP_rate_empty', reference=0)
    assert [row.label for row in rows] == ['s', 's / v2']  # the clips of v1 have no empty frames
    assert rows[0].num_clips == 4


def test_clips_are_ranked_by_what_all_models_have():
    assert clip_score([result(0), result(1)]) == 'J'
    assert shared_scores([result(0)]) == ['J', 'J_nonempty', 'FP_rate_empty']
    semantic = [result(0, semantic=True)]
    assert clip_score(semantic) == 'J_foreground'
    assert set_rows('s', semantic, [''] * 8, 'J_foreground', 0)[0].num_clips == 8
    with pytest.raises(ValueError, match='no J of single clips in common'):
        clip_score([result(0), *semantic])


def test_metrics_shown():
    results = [result(0, {'avs/J_frame': 0.5, 'avs/x': 1.0}), result(1, {'avs/J_frame': 0.4, 'avs/ECE': float('nan')})]
    assert shown_metrics(results, None) == ['avs/J_frame']
    assert shown_metrics(results, ['avs/x']) == ['avs/x']
    with pytest.raises(ValueError, match=r"no model has the metrics \['avs/y'\]"):
        shown_metrics(results, ['avs/y'])
    assert shown_metrics([result(0, {'own': 1.0})], None) == ['own']
