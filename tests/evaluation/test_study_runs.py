import fcntl
import json

import numpy as np
import pytest
import torch

from mmavs.evaluation.clip_scores import ClipScores
from mmavs.evaluation.study import Study, StudyEntry
from mmavs.evaluation.study_runs import plan_study, run_all, run_tool_process

CONFIG = """
model = dict(width=1)
train_cfg = dict(max_iters=5)
conditions = dict(plain=dict(), noise=dict())
test_dataloader = dict(root='a')
"""
TRAIN = """
import os, shutil, sys
from pathlib import Path
args = sys.argv[1:]
out = Path(args[args.index('--work-dir') + 1])
print('trains', *args)
if (Path(__file__).parent / 'broken').exists():
    sys.exit('no good')
shutil.copy(Path(__file__).with_name('weights.pth'), out / 'iter_5.pth')
(out / 'last_checkpoint').write_text(str(out / 'iter_5.pth'))
(out / 'threads').write_text(os.environ['OMP_NUM_THREADS'] + os.environ['MALLOC_TRIM_THRESHOLD_'])
"""
EVALUATE = """
import shutil, sys
from pathlib import Path
args = sys.argv[1:]
out = Path(args[args.index('--clip-scores') + 1])
print('tests', *args)
out.mkdir(exist_ok=True)
for name in args[args.index('--conditions') + 1 :]:
    shutil.copy(Path(__file__).with_name('scores.npz'), out / f'{name}.npz')
"""


@pytest.fixture
def tools(tmp_path):
    """Stand-ins for the two tools that a study starts."""
    folder = tmp_path / 'tools'
    folder.mkdir()
    (folder / 'train.py').write_text(TRAIN)
    (folder / 'evaluate_conditions.py').write_text(EVALUATE)
    torch.save(dict(state_dict={}), folder / 'weights.pth')
    ClipScores(np.array(['a']), {'avs/J_frame': np.array([0.5])}).save(folder / 'scores.npz')
    return folder


@pytest.fixture
def study(tmp_path):
    path = tmp_path / 'net.py'
    path.write_text(CONFIG)
    first = StudyEntry('first', str(path))
    return Study((first, StudyEntry('tuned', str(path), init_from='first', conditions=('noise',))), (0, 2))


def starts(work_dir):
    return sorted(line for log in work_dir.rglob('*.log') for line in log.read_text().splitlines())


@pytest.mark.parametrize('jobs', [1, 2])
def test_every_entry_is_trained_and_tested_with_every_seed(tmp_path, tools, study, jobs):
    work, reports = tmp_path / 'work', []
    plan = plan_study(study, work)
    assert plan.scores() == {}
    run_all(plan, tools, jobs, lambda: reports.append(len(plan.scores())))
    assert reports == [4, 6]
    assert set(plan.scores()) == {
        *(('first', seed, name) for seed in (0, 2) for name in ('plain', 'noise')),
        *(('tuned', seed, 'noise') for seed in (0, 2)),
    }
    log = (work / 'tuned' / 'seed_2' / 'train.log').read_text()
    assert '--seed 2 --resume' in log
    assert f'load_from={work / "first" / "seed_2" / "iter_5.pth"}' in log
    assert 'load_from' not in (work / 'first' / 'seed_2' / 'train.log').read_text()
    state = json.loads((work / 'first' / 'seed_0' / 'run.json').read_text())
    assert (state['seed'], state['checkpoint']) == (0, 'iter_5.pth')


def test_what_is_done_is_not_done_again(tmp_path, tools, study):
    work = tmp_path / 'work'
    run_all(plan_study(study, work), tools)
    before = starts(work)
    assert len(before) == 8
    run_all(plan_study(study, work), tools)
    assert starts(work) == before
    (work / 'first' / 'seed_0' / 'eval' / 'noise.npz').unlink()
    run_all(plan_study(study, work), tools)
    assert len(starts(work)) == 9


def test_other_test_keys_test_again_and_other_training_keys_are_refused(tmp_path, tools, study):
    work, path = tmp_path / 'work', tmp_path / 'net.py'
    run_all(plan_study(study, work), tools)
    path.write_text(CONFIG.replace("root='a'", "root='b'"))
    run_all(plan_study(study, work), tools)
    assert len([line for line in starts(work) if line.startswith('trains')]) == 4
    assert len([line for line in starts(work) if line.startswith('tests')]) == 8
    path.write_text(CONFIG.replace('width=1', 'width=2'))
    with pytest.raises(ValueError, match="was trained with another config of 'first'"):
        plan_study(study, work)


def test_a_failure_shows_the_end_of_the_log_and_the_rest_goes_on_later(tmp_path, tools, study):
    work = tmp_path / 'work'
    (tools / 'broken').touch()
    with pytest.raises(ValueError, match=r'train.py ended with code 1; the end of .*train.log:[\s\S]*no good'):
        run_all(plan_study(study, work), tools)
    assert plan_study(study, work).scores() == {}
    (tools / 'broken').unlink()
    run_all(plan_study(study, work), tools)
    assert len(plan_study(study, work).scores()) == 6


def test_child_processes_keep_one_thread_and_their_memory_unless_told_otherwise(tmp_path, tools, monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    monkeypatch.setenv('MALLOC_TRIM_THRESHOLD_', '7')
    run_tool_process(tools, ['train.py', '--work-dir', tmp_path], tmp_path / 'log')
    assert (tmp_path / 'threads').read_text() == '17'


def test_unfinished_runs_have_no_weights(tmp_path, study):
    run = plan_study(study, tmp_path / 'work').runs[0]
    with pytest.raises(ValueError, match='not trained to the end'):
        _ = run.checkpoint


def test_a_folder_in_which_another_process_works_is_left_alone(tmp_path, tools):
    with (tmp_path / '.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match='another process works in'):
            run_tool_process(tools, ['train.py', '--work-dir', tmp_path], tmp_path / 'log')
    run_tool_process(tools, ['train.py', '--work-dir', tmp_path], tmp_path / 'log')
    assert (tmp_path / 'iter_5.pth').is_file()
