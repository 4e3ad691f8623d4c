from dataclasses import replace

import pytest
import torch

from mmavs.benchmark import BenchmarkSettings, compare
from mmavs.benchmark import compare as compare_function
from mmavs.benchmark.compare import distinct_names
from mmavs.benchmark.footprint import footprint_here

GATE, CONCAT = 'benchmark/gate_lite0_avstamps-crowd.py', 'benchmark/concat_lite0_avstamps-crowd.py'


def test_models_are_measured_together_and_named(small, monkeypatch):
    module = __import__(compare_function.__module__, fromlist=['compare'])
    monkeypatch.setattr(module, 'measure_footprint', footprint_here)
    said, threads = [], torch.get_num_threads()
    results = compare([GATE, CONCAT, GATE], replace(small, rounds=2), accuracies=[0.5, None, 0.5], say=said.append)
    names = ['gate_lite0_avstamps-crowd', 'concat_lite0_avstamps-crowd', 'gate_lite0_avstamps-crowd#2']
    assert [result.name for result in results] == names
    assert [result.accuracy for result in results] == [0.5, None, 0.5]
    assert results[0].footprint.parameters == results[2].footprint.parameters != results[1].footprint.parameters
    assert all(len(result.forward.samples) == 4 and len(result.train.samples) == 2 for result in results)
    assert all(0 < result.forward.p50 <= result.forward.p95 for result in results)
    assert said[-3:] == ['warmed up', 'round 1 of 2', 'round 2 of 2']
    assert torch.get_num_threads() == threads


def test_accuracies_must_match_the_configs(small):
    with pytest.raises(ValueError, match='2 configs'):
        compare([GATE, CONCAT], small, accuracies=[0.5])


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_a_missing_gpu_is_an_error():
    with pytest.raises(ValueError, match='no GPU'):
        compare([GATE], BenchmarkSettings(device='cuda'))


def test_names_are_distinct():
    assert distinct_names(['a/x.py', 'b/x.py', 'y.py', 'x.py']) == ['x', 'x#2', 'y', 'x#3']
