import importlib.util
import json
import sys
from pathlib import Path

import pytest

from mmavs.benchmark.footprint import footprint_here

TOOL = Path(__file__).parents[2] / 'tools' / 'benchmark.py'
GATE, CONCAT = 'benchmark/gate_lite0_avstamps-crowd.py', 'benchmark/concat_lite0_avstamps-crowd.py'


@pytest.fixture
def tool(monkeypatch):
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
        monkeypatch.setenv(name, '1')  # the tool sets them; put back after the test
    spec = importlib.util.spec_from_file_location('benchmark', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_run_prints_one_table_and_writes_three_files(tool, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.modules['mmavs.benchmark.compare'], 'measure_footprint', footprint_here)
    for name, value in dict(gate=0.5, concat=0.25).items():
        (tmp_path / f'{name}.json').write_text(json.dumps({'avs/J_frame': value}))
    files = [str(tmp_path / f'{name}.json') for name in ('gate', 'concat')]
    options = ['--size', '64x64', '--frames', '2', '--rounds', '1', '--audio-features', '--metrics', *files]
    assert tool.main([GATE, CONCAT, '--out', str(tmp_path / 'out'), *options]) == 0
    shown = capsys.readouterr().out
    record = json.loads((tmp_path / 'out' / 'benchmark.json').read_text())
    assert [model['name'] for model in record['models']] == ['gate_lite0_avstamps-crowd', 'concat_lite0_avstamps-crowd']
    assert [model['accuracy'] for model in record['models']] == [0.5, 0.25]
    assert record['accuracy_metric'] == 'avs/J_frame'
    table = [line for line in (tmp_path / 'out' / 'benchmark.md').read_text().splitlines() if line.startswith('|')]
    assert len(table) == 4
    for text in ('training step ms', 'audio_features', 'gate_lite0_avstamps-crowd'):
        assert text in shown
    assert (tmp_path / 'out' / 'benchmark.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        ([], 'give one or more CONFIG'),
        ([GATE, '--components', 'audio'], 'give one or more CONFIG'),
        ([GATE, CONCAT, '--metrics', 'a.json'], 'one file per CONFIG'),
        ([GATE, '--size', '224'], 'no size HxW'),
        ([GATE, '--metrics', 'a.json', '--checkpoints', 'a.pth'], 'not allowed with'),
        ([GATE, '--metric', 'avs/J_frame'], '--metric chooses a number of --metrics or --checkpoints'),
        (['--components', 'audio', '--amp', 'bf16', '--rounds', '2'], 'not --rounds, --amp'),
    ],
)
def test_wrong_command_lines(tool, argv, message, capsys):
    with pytest.raises(SystemExit) as stop:
        tool.main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_accuracy_of_checkpoints_and_of_none(tool, monkeypatch, tmp_path):
    seen = []

    def evaluate(config, checkpoint, key, *, work_dir):
        seen.append((config, checkpoint, key, work_dir.parent))
        return 'avs/J_frame', 0.5

    monkeypatch.setattr(tool, 'evaluate_checkpoint', evaluate)
    args = tool.parse_args([GATE, CONCAT, '--checkpoints', '-', 'best.pth', '--out', str(tmp_path)])
    assert tool.collect_accuracies(args) == ('avs/J_frame', [None, 0.5])
    assert seen == [(CONCAT, 'best.pth', None, tmp_path / 'tests')]


def test_an_accuracy_that_is_not_finite_is_told_and_unknown(tool, tmp_path, capsys):
    for name, value in dict(gate=0.5, concat=float('nan')).items():
        (tmp_path / name).write_text(json.dumps({'avs/J_frame': value}))
    args = tool.parse_args([GATE, CONCAT, '--metrics', str(tmp_path / 'gate'), str(tmp_path / 'concat')])
    assert tool.collect_accuracies(args) == ('avs/J_frame', [0.5, None])
    assert f'avs/J_frame of {CONCAT} is nan' in capsys.readouterr().err


def test_different_metrics_cannot_share_a_column(tool, tmp_path):
    for name in ('J_frame', 'mIoU'):
        (tmp_path / name).write_text(json.dumps({f'avs/{name}': 0.5}))
    args = tool.parse_args([GATE, CONCAT, '--metrics', str(tmp_path / 'J_frame'), str(tmp_path / 'mIoU')])
    with pytest.raises(ValueError, match='--metric'):
        tool.collect_accuracies(args)


def test_components_run_in_turn_and_a_failure_is_named(tool, monkeypatch, tmp_path, capsys):
    (tmp_path / 'good.py').write_text(
        'import sys; print("| what | ms |\\n| --- | ---: |\\n| it | 3 |"); print(sys.argv[1:])'
    )
    (tmp_path / 'bad.py').write_text('raise SystemExit(3)')
    monkeypatch.setattr(tool, 'SCRIPTS', tmp_path)
    monkeypatch.setattr(tool, 'COMPONENTS', {'audio': 'good.py', 'metrics': 'good.py', 'fusion': 'bad.py'})
    assert tool.main(['--components', 'audio', 'metrics', '--threads', '2', '--out', str(tmp_path)]) == 0
    collected = (tmp_path / 'components.md').read_text()
    assert collected.count("['--threads', '2']") == 2
    record = json.loads((tmp_path / 'components.json').read_text())
    table = dict(columns=['what', 'ms'], rows=[['it', '3']])
    assert record['components'] == dict(audio=[table], metrics=[table])
    assert record['notes'][1] == 'cpu, 2 thread(s)'
    assert '## audio' in capsys.readouterr().out
    with pytest.raises(ValueError, match=r'bad\.py failed with exit code 3'):
        tool.main(['--components', 'fusion', '--out', str(tmp_path)])


def test_every_component_has_its_script(tool):
    assert set(tool.COMPONENTS) == {'clustering', 'fusion', 'published', 'audio', 'metrics'}
    assert all((tool.SCRIPTS / script).is_file() for script in tool.COMPONENTS.values())


def test_a_busy_machine_is_told_on_the_wall_clock_only(tool, capsys):
    from mmavs.benchmark import BenchmarkSettings, Footprint, Reading, Result, Timing

    for clock, threads, advice in (('wall', 1, '--clock cpu'), ('wall', 2, '--threads 1'), ('cpu', 1, None)):
        settings = BenchmarkSettings(clock=clock, threads=threads)
        reading = Reading(2.0, float(threads))
        result = Result('a', (8, 8), 1, Footprint(1, 1, 1.0), Timing.of([reading], settings))
        tool.warn_if_busy([result], settings)
        shown = capsys.readouterr().out
        assert ('50%' in shown and advice in shown) if advice else shown == ''
