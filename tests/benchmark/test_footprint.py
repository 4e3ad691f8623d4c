from dataclasses import replace

import pytest

from mmavs.benchmark import Subject, measure_footprint
from mmavs.benchmark.memory import MB, can_measure

GATE = 'benchmark/gate_lite0_avstamps-crowd.py'


def test_a_fresh_process_finds_the_same_model_and_its_memory(small):
    subject, footprint = Subject(GATE, small), measure_footprint(GATE, small)
    assert dict(trainable=footprint.trainable, all=footprint.parameters) == subject.parameters()
    assert footprint.flops_per_frame == subject.flops_per_frame()
    if can_measure('cpu'):
        assert footprint.train_mb >= footprint.forward_mb > subject.resident_bytes() / MB


def test_an_error_in_the_process_is_raised_here(small):
    with pytest.raises(ValueError, match='AudioTagger'):
        measure_footprint('tagger/tagger_audiocnn_avstamps-s4.py', replace(small, train_step=False))
