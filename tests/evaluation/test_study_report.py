import numpy as np
import pytest

from mmavs.evaluation.clip_scores import ClipScores
from mmavs.evaluation.study import Study, StudyEntry
from mmavs.evaluation.study_report import study_comparisons, study_markdown, study_rows

FRAMES = np.array([5.0, 5, 5, 1])
EMPTY = np.array([0.0, 2, 5, 0])


def scores(shift, seed, ids=('a', 'b', 'c', 'd'), empty=EMPTY):
    j = np.array([0.2, 0.4, 0.6, 0.8]) + shift + 0.01 * seed
    nan_where = np.where(empty > 0, 1.0, np.nan)
    values = {
        'avs/J_frame': j,
        'avs/J_nonempty': np.where(empty < FRAMES, j, np.nan),
        'avs/F_common': np.where(empty < FRAMES, j / 2, np.nan),
        'avs/FP_rate_empty': 0.5 * nan_where,
        'avs/num_frames': FRAMES,
        'avs/num_empty_frames': empty,
    }
    return ClipScores(np.array(ids), values)


@pytest.fixture
def study():
    return Study((StudyEntry('base', 'x.py'), StudyEntry('new', 'y.py')), (0, 1), 'base')


@pytest.fixture
def table():
    return {(m, s, 'gap'): scores(shift, s) for m, shift in (('new', 0.1), ('base', 0.0)) for s in (0, 1)}


def test_rows_weigh_clips_by_their_frames(study, table):
    rows = study_rows(study, table)
    assert [(row['method'], row['seed']) for row in rows] == [('base', 0), ('base', 1), ('new', 0), ('new', 1)]
    assert rows[0]['J'] == pytest.approx((0.2 * 5 + 0.4 * 5 + 0.6 * 5 + 0.8) / 16)
    assert rows[0]['J_nonempty'] == pytest.approx((0.2 * 5 + 0.4 * 3 + 0.8) / 9)
    assert rows[0]['FP_rate_empty'] == pytest.approx(0.5)


def test_differences_are_those_of_the_means_and_of_every_seed(study, table):
    found = {c['score']: c for c in study_comparisons(study, table)}
    assert found['J']['difference'] == pytest.approx(0.1)
    assert found['J']['per_seed'] == pytest.approx([0.1, 0.1])
    assert found['J']['low'] == pytest.approx(0.1)
    assert (found['J']['method'], found['J']['reference'], found['J']['seeds']) == ('new', 'base', [0, 1])
    assert found['F']['difference'] == pytest.approx(0.05)
    assert found['FP_rate_empty']['num_clips'] == 2


def test_only_common_seeds_are_compared_and_other_clips_are_an_error(study, table):
    del table['base', 1, 'gap']
    assert study_comparisons(study, table)[0]['seeds'] == [0]
    table['base', 0, 'gap'] = scores(0, 0, ids=('a', 'b', 'c', 'x'))
    with pytest.raises(ValueError, match="new and base were tested on different clips of 'gap'"):
        study_comparisons(study, table)
    del table['base', 0, 'gap']
    assert study_comparisons(study, table) == []


def test_an_entry_may_have_a_reference_of_its_own(table):
    study = Study(
        (StudyEntry('base', 'x.py'), StudyEntry('new', 'y.py', reference='new2'), StudyEntry('new2', 'y.py')), (0,)
    )
    table['new2', 0, 'gap'] = scores(0.3, 0)
    found = study_comparisons(study, table)
    assert {(c['method'], c['reference']) for c in found} == {('new', 'new2')}
    assert found[0]['difference'] == pytest.approx(-0.2)


def test_table_shows_means_seeds_and_differences(study, table):
    text = study_markdown(study_rows(study, table), study_comparisons(study, table), dict(commit='abc'))
    assert '- commit: abc' in text
    assert '## gap (4 clips)' in text
    base, new = (line for line in text.splitlines() if line.startswith(('| base', '| new')))
    assert base.startswith('| base | 2 | 0.430 (0.425 0.435) |')
    assert base.endswith('| – | – |')
    assert '+0.100 [+0.100, +0.100] (+0.100 +0.100)' in new


def test_a_set_without_empty_frames_has_no_such_column(study):
    table = {('base', 0, 'crowd'): scores(0, 0, empty=np.zeros(4))}
    text = study_markdown(study_rows(study, table), study_comparisons(study, table), {})
    header = next(line for line in text.splitlines() if line.startswith('| method'))
    assert header == '| method | seeds | J | F | J_nonempty | J difference | F difference |'
