import math

import pytest
from report_runs import log

from mmavs.report.curves import read_curves, thinned


def test_a_later_start_replaces_what_it_repeats(tmp_path):
    log(tmp_path, [dict(loss=float(i), step=i) for i in (1, 2, 3, 4)], start='1')
    log(tmp_path, [dict(loss=10.0 * i, step=i) for i in (3, 4, 5)], start='2')
    curves = read_curves(tmp_path)
    assert curves.points == {'loss': [(1, 1.0), (2, 2.0), (3, 30.0), (4, 40.0), (5, 50.0)]}
    assert curves.gaps == []


def test_a_cut_line_and_losses_that_are_not_finite_are_told(tmp_path):
    records = [dict(loss=1.0, step=1), dict(loss=math.nan, step=2), {'avs/FP': math.nan, 'step': 2}]
    log(tmp_path, records, tail='{"loss": 0.5, "st')
    curves = read_curves(tmp_path)
    assert curves.points == {'loss': [(1, 1.0)]}
    assert curves.gaps == [
        '1 incomplete lines of the log were left out',
        '1 logged losses are not finite and were left out',
    ]


@pytest.mark.parametrize('rest', ['7', '"text"', '\x00\xff'])
def test_lines_that_are_no_records_do_not_stop_the_page(tmp_path, rest):
    log(tmp_path, [dict(loss=1.0, step=1)], tail=rest)
    assert read_curves(tmp_path).points == {'loss': [(1, 1.0)]}


def test_a_run_without_logs_says_so(tmp_path):
    assert read_curves(tmp_path).gaps == ['no training curves: the work dir has no */vis_data/scalars.json']
    log(tmp_path, [])
    assert read_curves(tmp_path).gaps == ['no training curves: the work dir has 1 empty files scalars.json']


def test_thinning_takes_means_of_neighbours():
    points = [(float(i), float(i) ** 2) for i in range(1000)]
    thin = thinned(points, most=100)
    assert len(thin) == 100
    assert thin[0] == (4.5, pytest.approx(sum(i**2 for i in range(10)) / 10))
    assert thinned(points[:50], most=100) == points[:50]
