from dataclasses import dataclass

import pytest

from mmavs.benchmark import BenchmarkSettings, Footprint, Reading, Result, Timing


@dataclass
class Fabric:
    """Makes results from a few figures."""

    settings: BenchmarkSettings

    def timing(self, *seconds):
        return Timing.of([Reading(value, value) for value in seconds], self.settings)

    def result(self, name, *, forward=1.0, train=2.0, parameters=10_000_000, memory=100.0, accuracy=None):
        train_mb = 3 * memory if train and memory else None
        footprint = Footprint(parameters // 2, parameters, 2e9, memory, train_mb)
        train = train and self.timing(train)
        return Result(name, (224, 224), 5, footprint, self.timing(forward), train, accuracy)


@pytest.fixture
def fabric():
    return Fabric(BenchmarkSettings(clock='cpu'))


@pytest.fixture
def small():
    return BenchmarkSettings(frames=2, size=(64, 64), rounds=1, audio_features=True)
