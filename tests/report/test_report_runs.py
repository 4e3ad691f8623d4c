import json

import numpy as np
import pytest
import torch
from mmengine import Config
from report_runs import make_data, make_run, write_weights

from mmavs.evaluation.clip_scores import ClipScores
from mmavs.evaluation.study import scoring_digest
from mmavs.report.runs import SetResult, StudyRun, TrainedRun, open_runs


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'), clips=2)


@pytest.fixture
def folder(tmp_path, data):
    return make_run(tmp_path / 'toy', data)


def some_result(value=0.5):
    return SetResult(
        ClipScores(np.array(['a', 'b']), {'avs/J_frame': np.array([value, 1.0])}), {'J': value}, {'a': 'x'}
    )


def test_a_work_dir_of_train(folder):
    run = TrainedRun(folder)
    assert (run.name, run.checkpoint.name, run.gaps) == ('toy', 'iter_2.pth', [])
    assert run.main_test_set() == 'matched'  # the condition that changes nothing
    assert run.test_sets() == ['matched', 'silence']
    assert run.condition('test')[1] == 'matched'
    with pytest.raises(
        ValueError, match=r"toy \(.*\) has no test set 'noise'; its config has \['matched', 'silence'\]"
    ):
        run.condition('noise')


def test_a_config_without_conditions_has_its_test_set(folder):
    cfg = Config.fromfile(folder / 'toy.py')
    cfg.pop('conditions')
    cfg.dump(folder / 'toy.py')
    run = TrainedRun(folder)
    assert run.test_sets() == ['test']
    cfg, name = run.condition('test')
    assert cfg.conditions[name] == {}


def test_results_are_found_again_as_long_as_weights_and_test_are_the_same(folder):
    run = TrainedRun(folder)
    assert run.stored('matched') is None
    run.store('matched', some_result())
    found = TrainedRun(folder).stored('test')
    assert found.metrics == {'J': 0.5}
    assert found.truth == {'a': 'x'}
    np.testing.assert_array_equal(found.scores.values['avs/J_frame'], [0.5, 1.0])
    assert run.stored('silence') is None
    changed = {'test_dataloader.dataset.pipeline.4.size': (48, 64)}
    assert TrainedRun(folder, cfg_options=changed).stored('matched') is None
    write_weights(folder, run.cfg, seed=5)
    assert TrainedRun(folder).stored('matched') is None


def test_a_result_cut_off_is_no_result(folder):
    run = TrainedRun(folder)
    run.store('matched', some_result())
    stamp = folder / 'compare' / 'matched.json'
    stamp.write_text(stamp.read_text()[:30])
    assert run.stored('matched') is None


def as_study(folder, **state):
    """Give a work dir what run_study.py leaves in it."""
    cfg = TrainedRun(folder).cfg
    names = ['matched', 'silence']
    for name in names:
        some_result().scores.save(folder / 'eval' / f'{name}.npz')
    (folder / 'eval' / 'metrics.json').write_text(json.dumps({name: {'J': float('nan')} for name in names}))
    state = dict(dict(checkpoint='iter_2.pth', scoring_digest=scoring_digest(cfg, names)), **state)
    (folder / 'run.json').write_text(json.dumps(state))


def test_a_run_of_a_study_brings_its_results(folder):
    as_study(folder)
    (run,) = open_runs([folder])
    assert isinstance(run, StudyRun)
    assert run.stored('matched').scores.clip_ids.tolist() == ['a', 'b']
    assert run.stored('matched').truth is None
    assert open_runs([folder], cfg_options={'test_evaluator.0.type': 'RobustAVSMetric'})[0].stored('matched') is None


@pytest.mark.parametrize('state', [dict(scoring_digest='of another config'), dict(checkpoint='iter_1.pth')])
def test_results_of_a_study_that_do_not_fit_are_not_used(folder, state):
    as_study(folder, **state)
    assert open_runs([folder])[0].stored('matched') is None


def test_an_unfinished_run_of_a_study_is_told(folder):
    (folder / 'run.json').write_text('{"seed": 0')
    (run,) = open_runs([folder])
    assert run.checkpoint.name == 'iter_2.pth'
    assert 'not trained this run to the end' in run.gaps[0]


def test_best_weights(folder):
    with pytest.raises(ValueError, match=r'holds 0 files best_\*\.pth'):
        TrainedRun(folder, weights='best')
    torch.save({}, folder / 'best_avs_J_frame_iter_2.pth')
    assert TrainedRun(folder, weights='best').checkpoint.name == 'best_avs_J_frame_iter_2.pth'


def test_folders_that_are_no_work_dirs(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match='absent is no folder'):
        TrainedRun(tmp_path / 'absent')
    (folder / 'iter_2.pth').write_bytes(b'cut off')
    with pytest.raises(FileNotFoundError, match='toy holds no complete checkpoint'):
        TrainedRun(folder)
    (folder / 'other.py').write_text('model = None')
    with pytest.raises(ValueError, match=r"several configs, \['other.py', 'toy.py'\]"):
        TrainedRun(folder)
    for path in folder.glob('*.py'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='toy holds no config'):
        TrainedRun(folder)


def test_names(folder, tmp_path, data):
    seed = make_run(tmp_path / 'tpavi' / 'seed_1', data)
    assert [run.name for run in open_runs([folder, seed])] == ['toy', 'tpavi/seed_1']
    assert [run.name for run in open_runs([folder, seed], ['a', 'b'])] == ['a', 'b']
    with pytest.raises(ValueError, match='2 work dirs need as many names, got 1'):
        open_runs([folder, seed], ['a'])
    with pytest.raises(ValueError, match='names that differ'):
        open_runs([folder, folder])
