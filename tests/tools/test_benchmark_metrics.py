import importlib.util
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / 'tools' / 'benchmarks' / 'benchmark_metrics.py'


@pytest.fixture(scope='module')
def benchmark():
    spec = importlib.util.spec_from_file_location('benchmark_metrics', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_shows_both_metrics_with_equal_results(benchmark, capsys):
    threads = torch.get_num_threads()
    try:
        small = ['--size', '12', '--images', '2', '--frames', '2', '--classes', '4', '--min-run-time', '0.01']
        assert benchmark.main(small) == 0
    finally:
        torch.set_num_threads(threads)
    rows = [line.strip('| ').split(' | ') for line in capsys.readouterr().out.splitlines() if line.startswith('|')][2:]
    assert [row[0].split(',')[0] for row in rows] == ['F_max', 'class metric']
    assert all(float(row[-1]) < 1e-6 for row in rows)
