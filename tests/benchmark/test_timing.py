import time

import numpy as np
import pytest
import torch

from mmavs.benchmark import Reading, Stopwatch, Task, percentile, take_turns


def test_tasks_take_turns_after_a_warm_up_that_is_not_measured():
    log, done = [], []
    tasks = {
        'a': Task(lambda: log.append('a'), prepare=lambda: log.append('prepare a'), runs=2),
        'b': Task(lambda: log.append('b')),
    }

    def stopwatch(run):
        run()
        log.append('measured')
        return Reading(float(len(log)))

    readings = take_turns(tasks, 2, stopwatch, warm_up=3, after_round=done.append)
    one_round = ['prepare a', 'a', 'measured', 'a', 'measured', 'b', 'measured']
    assert log == ['prepare a', 'a', 'a', 'a', 'b', 'b', 'b', *one_round, *one_round]
    assert {name: len(values) for name, values in readings.items()} == {'a': 4, 'b': 2}
    assert readings['a'] == sorted(readings['a'], key=lambda reading: reading.wall)
    assert done == [0, 1, 2]


def test_waiting_counts_on_the_wall_but_not_on_the_cpu():
    reading = Stopwatch()(lambda: time.sleep(0.05))
    assert reading.wall >= 0.05
    assert reading.cpu < 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_a_gpu_is_waited_for():
    x = torch.ones(4096, 4096, device='cuda')
    stopwatch = Stopwatch('cuda')
    once, often = stopwatch(lambda: x @ x), stopwatch(lambda: [x @ x for _ in range(20)])
    assert often.wall > 5 * once.wall
    assert once.cpu is None


@pytest.mark.parametrize('percent', [0, 50, 95, 100])
def test_percentiles_are_those_of_numpy(percent):
    values = [0.3, 0.1, 0.9, 0.2]
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent), rel=1e-12)


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match='at least one'):
        percentile([], 50)
