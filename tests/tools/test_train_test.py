import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ENGINE_TESTS = Path(__file__).parents[1] / 'engine'
sys.path.insert(0, str(ENGINE_TESTS))

from toy_runs import TOOLS, run_tool, start_tool, toy_config, wait_for  # noqa: E402

cpu_only = pytest.mark.skipif(torch.cuda.is_available(), reason='with GPUs the processes need one each')


def write_config(path, **options):
    cfg = toy_config(path.parent / 'run', **options)
    cfg.pop('work_dir')
    cfg.dump(path)
    return path


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A config and the checkpoint that train.py has made of it."""
    folder = tmp_path_factory.mktemp('trained')
    config = write_config(folder / 'toy.py')
    code, text = run_tool('train.py', config, '--work-dir', folder / 'run', log=folder / 'log')
    assert code == 0, text
    return config, folder / 'run' / 'epoch_4.pth'


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return str(sock.getsockname()[1])


def run_processes(name, num_procs, tmp_path, *args):
    """Run a tool as torchrun would, without the cost of starting it."""
    port = free_port()
    processes = []
    for rank in range(num_procs):
        env = dict(
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(num_procs), MASTER_ADDR='127.0.0.1', MASTER_PORT=port
        )
        log = tmp_path / f'log_{num_procs}_{rank}'
        processes.append(start_tool(name, *args, '--launcher', 'pytorch', log=log, env=env, cwd=tmp_path))
    codes = [wait_for(process) for process in processes]
    assert codes == [0] * num_procs, (tmp_path / f'log_{num_procs}_0').read_text()


def test_train_resume_continues_and_says_so(tmp_path):
    config = write_config(tmp_path / 'toy.py', hooks=[dict(type='KillHook', at_iter=7)])
    code, text = run_tool('train.py', config, '--work-dir', tmp_path / 'run', '--resume', log=tmp_path / 'log1')
    assert code == -signal.SIGKILL
    assert 'nothing to resume' in text
    code, text = run_tool(
        'train.py',
        config,
        '--work-dir',
        tmp_path / 'run',
        '--resume',
        '--cfg-options',
        'custom_hooks=[]',
        log=tmp_path / 'log2',
    )
    assert code == 0, text
    assert 'resuming from' in text
    assert 'epoch_2.pth' in text
    assert (tmp_path / 'run' / 'epoch_4.pth').is_file()


def test_amp_trains_in_bf16_and_seed_changes_the_run(tmp_path, trained):
    config, checkpoint = trained
    code, text = run_tool('train.py', config, '--work-dir', tmp_path, '--amp', '--seed', 9, log=tmp_path / 'log')
    assert code == 0, text
    assert "type='BF16OptimWrapper'" in (tmp_path / 'toy.py').read_text()
    one, other = (torch.load(p, weights_only=True) for p in (checkpoint, tmp_path / 'epoch_4.pth'))
    assert other['meta']['seed'] == 9
    assert not torch.equal(one['state_dict']['layers.0.weight'], other['state_dict']['layers.0.weight'])


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--cfg-options', 'model.widht=3'], "'model.widht' is not in the config: did you mean 'model.width'?"),
        (['--cfg-options', 'val_dataloader.dataset.root=/no/data'], 'ToyClips needs the folder /no/data'),
        (['--resume', '/no/file.pth'], 'checkpoint /no/file.pth does not exist'),
        (['--cfg-options', 'train_dataloader.dataset.nan_at=3'], "'clip3'"),
    ],
    ids=['unknown key', 'missing data', 'missing checkpoint', 'nan'],
)
def test_train_errors_are_one_message_and_exit_code_1(tmp_path, args, message):
    config = write_config(tmp_path / 'toy.py', model=dict(type='ToyModel', width=8))
    code, text = run_tool('train.py', config, '--work-dir', tmp_path / 'run', *args, log=tmp_path / 'log')
    assert code == 1
    assert message in text.split('\nerror: ')[-1]
    assert 'Traceback' not in text


def test_debug_shows_the_traceback(tmp_path):
    config = write_config(tmp_path / 'toy.py')
    args = ('train.py', config, '--cfg-options', 'mdoel=1')
    code, text = run_tool(*args, log=tmp_path / 'log', env=dict(MMAVS_DEBUG='1'))
    assert code == 1
    assert 'Traceback' in text


def test_an_unknown_config_name_lists_those_there_are(tmp_path):
    code, text = run_tool('train.py', 'tpavi/none.py', log=tmp_path / 'log')
    assert code == 1
    assert 'tpavi/tpavi_r50_ms3.py' in text


def test_test_writes_metrics(tmp_path, trained):
    config, checkpoint = trained
    out = tmp_path / 'deep' / 'metrics.json'
    code, text = run_tool('test.py', config, checkpoint, '--work-dir', tmp_path, '--out', out, log=tmp_path / 'log')
    assert code == 0, text
    metrics = json.loads(out.read_text())
    assert metrics['avs/count'] == 7
    assert 0 < metrics['avs/J_frame'] < 1


def test_test_refuses_weights_of_another_model(tmp_path, trained):
    _, checkpoint = trained
    config = write_config(tmp_path / 'other.py', model=dict(type='ToyModel', width=5))
    code, text = run_tool('test.py', config, checkpoint, '--work-dir', tmp_path, log=tmp_path / 'log')
    assert code == 1
    assert 'does not belong to this model' in text
    assert 'layers.0.weight' in text


def test_objects_in_a_checkpoint_are_loaded_on_request_only(tmp_path, trained):
    config, checkpoint = trained
    state = torch.load(checkpoint, weights_only=True)
    torch.save(dict(state, extra=slice(3)), tmp_path / 'objects.pth')
    args = ('test.py', config, tmp_path / 'objects.pth', '--work-dir', tmp_path)
    code, text = run_tool(*args, log=tmp_path / 'log1')
    assert code == 1
    assert '--trust-checkpoint' in text
    code, text = run_tool(*args, '--trust-checkpoint', log=tmp_path / 'log2')
    assert code == 0, text


@cpu_only
def test_metrics_are_the_same_with_1_2_and_3_processes(tmp_path, trained):
    config, checkpoint = trained
    results = set()
    for num_procs in (1, 2, 3):  # 7 clips: two of them divide nothing evenly
        out = tmp_path / f'{num_procs}.json'
        run_processes('test.py', num_procs, tmp_path, config, checkpoint, '--work-dir', tmp_path, '--out', out)
        results.add(out.read_text())
    assert len(results) == 1
    assert json.loads(results.pop())['avs/count'] == 7


@cpu_only
def test_two_processes_train_like_one_with_the_same_total_batch(tmp_path):
    model = dict(type='ToyModel', dropout=0.0, norm=False)
    ends = []
    for num_procs, batch_size in ((1, 4), (2, 2)):
        folder = tmp_path / str(num_procs)
        folder.mkdir()
        config = write_config(folder / 'toy.py', model=model, batch_size=batch_size)
        run_processes('train.py', num_procs, folder, config, '--work-dir', folder / 'run')
        ends.append(torch.load(folder / 'run' / 'epoch_4.pth', weights_only=True)['state_dict'])
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, rtol=1e-5, atol=1e-6)


@cpu_only
def test_dist_scripts_run_through_torchrun(tmp_path, trained):
    config, checkpoint = trained
    out = tmp_path / 'two.json'
    env = {**os.environ, 'PYTHONPATH': str(ENGINE_TESTS), 'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}
    command = ['bash', str(TOOLS / 'dist_test.sh'), config, checkpoint, '2', '--work-dir', tmp_path, '--out', out]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())['avs/count'] == 7


@pytest.mark.parametrize('name', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'])
def test_scripts_say_how_they_are_used(name):
    done = subprocess.run(['bash', str(TOOLS / name)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f'usage: {name} ')


def test_slurm_scripts_pass_their_arguments_to_srun(tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\necho "$@"\n')
    srun.chmod(0o755)
    env = {**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'GPUS': '4', 'GPUS_PER_NODE': '4'}
    command = ['bash', str(TOOLS / 'slurm_test.sh'), 'part', 'job', 'a.py', 'b.pth', '--out', 'c d.json']
    text = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert '-p part' in text
    assert '--ntasks=4' in text
    assert text.strip().endswith('test.py a.py b.pth --out c d.json --launcher slurm')


def test_print_config_shows_overrides_and_differences(tmp_path):
    args = ('misc/print_config.py', 'tpavi/tpavi_r50_s4.py', '--cfg-options', 'train_cfg.max_epochs=3')
    code, text = run_tool(*args, log=tmp_path / 'log1')
    assert code == 0, text
    assert 'max_epochs=3' in text
    code, text = run_tool(*args, '--diff', 'tpavi/tpavi_r50_s4.py', log=tmp_path / 'log2')
    assert code == 0, text
    assert '+' in text
    assert 'AVSBenchS4Dataset' not in text
