"""Measuring times on a machine that may drift: one stopwatch, turns in rounds, percentiles."""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import torch


def nothing(*_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Reading:
    """One run.

    Attributes:
        wall: Seconds that have passed (on CUDA: on the device, between two events).
        cpu: Seconds that all threads of the process have spent on a CPU; ``None`` on CUDA.
    """

    wall: float
    cpu: float | None = None


@dataclass(frozen=True)
class Task:
    """What is measured.

    Attributes:
        run: Measured.
        prepare: Runs before and is not measured (switching between training and evaluation, say).
        runs: Runs per round.
    """

    run: Callable[[], object]
    prepare: Callable[[], object] = nothing
    runs: int = 1


class Stopwatch:
    """Time one run; on CUDA by events, after everything before it has finished.

    Args:
        device: ``'cpu'`` or a CUDA device.
    """

    def __init__(self, device: str = 'cpu') -> None:
        self.device = torch.device(device)

    def __call__(self, run: Callable[[], object]) -> Reading:
        """Run once and return the time."""
        return self._cuda(run) if self.device.type == 'cuda' else self._cpu(run)

    @staticmethod
    def _cpu(run: Callable[[], object]) -> Reading:
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        return Reading(time.perf_counter() - wall, time.process_time() - cpu)

    def _cuda(self, run: Callable[[], object]) -> Reading:
        with torch.cuda.device(self.device):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            torch.cuda.synchronize()
            start.record()
            run()
            end.record()
            torch.cuda.synchronize()
            return Reading(start.elapsed_time(end) / 1e3)


def take_turns(
    tasks: dict[Hashable, Task],
    rounds: int,
    stopwatch: Callable[[Callable[[], object]], Reading],
    *,
    warm_up: int = 1,
    after_round: Callable[[int], object] = nothing,
) -> dict[Hashable, list[Reading]]:
    """Run every task once per round, in turn, so that a machine that slows down slows all of them.

    Args:
        tasks: By name.
        rounds: Rounds that are measured.
        stopwatch: Runs a function and returns its time.
        warm_up: Runs of each task before the first round.
        after_round: Called with the number of finished rounds, 0 after the warm-up.

    Returns:
        ``rounds * task.runs`` readings per task, in order.
    """
    for task in tasks.values():
        task.prepare()
        for _ in range(warm_up):
            task.run()
    after_round(0)
    readings: dict[Hashable, list[Reading]] = {name: [] for name in tasks}
    for done in range(1, rounds + 1):
        for name, task in tasks.items():
            task.prepare()
            readings[name] += [stopwatch(task.run) for _ in range(task.runs)]
        after_round(done)
    return readings


def percentile(values: Sequence[float], percent: float) -> float:
    """Percentile with linear interpolation between the two nearest values.

    Raises:
        ValueError: No values.
    """
    if not values:
        raise ValueError('a percentile needs at least one value')
    return torch.tensor(values, dtype=torch.float64).quantile(percent / 100).item()
