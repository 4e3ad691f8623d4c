import re

import pytest

from mmavs.report.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, line_chart


def places(svg):
    return [
        [tuple(map(float, pair.split(','))) for pair in found.split()] for found in re.findall(r'points="([^"]*)"', svg)
    ]


def test_every_model_has_a_curve_inside_the_axes():
    series = {0: [(1, 2.0), (10, 1.0)], 2: [(1, 3.0), (10, 0.5)]}
    svg = line_chart('loss', series, ['a', 'b', '<c>'])
    curves = places(svg)
    assert len(curves) == 2
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for curve in curves for x, y in curve)
    assert curves[0][0][1] < curves[0][1][1]  # a falling loss falls
    assert curves[1][1][1] > curves[0][1][1]
    assert 'class="c0"' in svg
    assert 'class="c2"' in svg
    assert '<c>' not in svg
    assert 'last values: a 1, &lt;c&gt; 0.5' in svg


def test_a_single_constant_value_is_a_dot():
    svg = line_chart('J', {0: [(0, 0.0)]}, ['a'])
    assert svg.count('<circle') == 1
    assert 'nan' not in svg


@pytest.mark.parametrize(('low', 'logarithmic'), [(0.5, False), (1e-4, True), (0.0, False), (-1.0, False)])
def test_values_over_decades_get_a_logarithmic_axis(low, logarithmic):
    svg = line_chart('loss', {0: [(1, 1.0), (2, low)]}, ['a'])
    assert ('logarithmic' in svg) == logarithmic
    assert 2 <= svg.count('class="grid"') <= 7


def test_models_of_one_colour_have_other_dashes():
    svg = line_chart('loss', {0: [(1, 1.0)], 8: [(1, 2.0)]}, [str(i) for i in range(9)])
    assert svg.count('stroke-dasharray') == 1
