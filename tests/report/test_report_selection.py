import numpy as np
import pytest

from mmavs.report.selection import choose_clips

NAMES = ('ref', 'x', 'y')


def scores(*rows):
    return [np.array(row, float) for row in rows]


def test_a_third_each_are_gains_losses_and_random():
    rng = np.random.default_rng(0)
    ref, other = rng.random(60), rng.random(60)
    picks = choose_clips([ref, other], NAMES[:2], 0, 9, seed=1)
    order = np.argsort(other - ref)
    assert [p.index for p in picks[:3]] == order[::-1][:3].tolist()
    assert [p.index for p in picks[3:6]] == order[:3].tolist()
    reasons = [p.reason for p in picks]
    assert reasons == ['x furthest above ref'] * 3 + ['x furthest below ref'] * 3 + ['random'] * 3
    assert len({p.index for p in picks}) == 9
    assert picks == choose_clips([ref, other], NAMES[:2], 0, 9, seed=1)
    assert picks[6:] != choose_clips([ref, other], NAMES[:2], 0, 9, seed=2)[6:]


def test_models_take_turns_and_the_first_turn_can_be_given():
    values = scores([0.5] * 12, np.linspace(0, 1, 12), np.linspace(1, 0, 12))
    picks = choose_clips(values, NAMES, 0, 6, seed=0)
    assert [p.reason for p in picks[:2]] == ['x furthest above ref', 'y furthest above ref']
    assert choose_clips(values, NAMES, 0, 3, seed=0, first=1)[0].reason == 'y furthest above ref'


def test_a_small_set_is_taken_whole_and_clips_without_a_score_are_left_out():
    picks = choose_clips(scores([0.1, np.nan, 0.3], [0.2, 0.5, 0.1]), NAMES[:2], 0, 24, seed=0)
    assert sorted(p.index for p in picks) == [0, 2]


@pytest.mark.parametrize('number', [0, 1, 2])
def test_a_few_clips(number):
    assert len(choose_clips(scores([0.1, 0.2, 0.3]), ['only'], 0, number, seed=0)) == number


def test_a_single_model_shows_best_and_worst():
    picks = choose_clips(scores(np.arange(9) / 9), ['only'], 0, 3, seed=0)
    assert [(p.index, p.reason) for p in picks[:2]] == [(8, 'best clips'), (0, 'worst clips')]


def test_a_model_that_is_nowhere_above_the_reference_is_not_said_to_be():
    picks = choose_clips(scores([0.9] * 9, np.linspace(0, 0.8, 9)), NAMES[:2], 0, 6, seed=0)
    reasons = [p.reason for p in picks]
    assert reasons == ['x furthest below ref'] * 2 + ['random'] * 4
    assert [p.index for p in picks[:2]] == [0, 1]


def test_names_may_hold_braces():
    assert choose_clips(scores([0.1] * 3, [0.2] * 3), ['{a}', '{'], 0, 3, seed=0)[0].reason == '{ furthest above {a}'
