import pytest
import torch

from mmavs.benchmark import PeakMemory
from mmavs.benchmark.memory import MB, can_measure, process_memory

pytestmark = pytest.mark.skipif(not can_measure('cpu'), reason='needs /proc/self/clear_refs of Linux')


def test_peak_is_what_was_held_for_a_moment_with_the_resident_weights():
    peak = PeakMemory('cpu', resident=10 * MB)
    held = torch.ones(64 * MB // 4)
    del held
    assert 10 + 60 < peak.read() < 10 + 90
    assert PeakMemory('cpu').read() < 20, 'a new peak starts from what is held now'


def test_unknown_field_is_refused():
    with pytest.raises(ValueError, match='VmNothing'):
        process_memory('VmNothing')
