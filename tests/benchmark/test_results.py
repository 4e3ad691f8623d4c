import pytest

from mmavs.benchmark import BenchmarkSettings, Reading, Timing, ratios


def test_timing_uses_the_chosen_clock_and_tells_the_share_of_the_cores():
    readings = [Reading(4.0, 2.0), Reading(8.0, 4.0), Reading(12.0, 6.0)]
    wall = Timing.of(readings, BenchmarkSettings())
    assert (wall.p50, wall.p95) == pytest.approx((8.0, 11.6))
    assert wall.spread == pytest.approx((10 - 6) / 8)
    assert wall.core_share == pytest.approx(0.5)
    assert Timing.of(readings, BenchmarkSettings(clock='cpu')).p50 == 4.0
    assert Timing.of(readings, BenchmarkSettings(threads=2)).core_share == pytest.approx(0.25)
    assert Timing.of([Reading(1.0)], BenchmarkSettings(device='cuda')).core_share is None


def test_ratios_are_to_the_reference_and_unknown_where_either_is(fabric):
    first, second = fabric.result('a'), fabric.result('b', forward=0.5, train=3.0, parameters=40_000_000, memory=50.0)
    found = ratios(second, first)
    assert found == dict(forward=0.5, train=1.5, parameters=4.0, flops=1.0, forward_mb=0.5, train_mb=0.5)
    assert set(ratios(first, first).values()) == {1.0}
    assert ratios(fabric.result('c', train=None), first)['train'] is None
    assert ratios(fabric.result('c', memory=None, train=None), first)['forward_mb'] is None


def test_frames_per_second(fabric):
    assert fabric.result('a', forward=0.5).frames_per_second == 10
