import numpy as np

from mmavs.benchmark import draw_bubbles


def parts(figure):
    axes = figure.axes[0]
    points = axes.collections[0]
    return axes, np.asarray(points.get_offsets()), np.asarray(points.get_sizes())


def test_latency_over_parameters_while_an_accuracy_is_unknown(fabric):
    results = [fabric.result('a', accuracy=0.5), fabric.result('b', forward=0.2, parameters=40_000_000)]
    axes, points, areas = parts(draw_bubbles(results, 'J'))
    np.testing.assert_allclose(points, [[10, 1000], [40, 200]])
    assert areas[1] / areas[0] == 4
    assert 'parameters' in axes.get_xlabel()
    assert (axes.get_xlim()[0], axes.get_ylim()[0]) == (0, 0), 'costs start at zero, so that distances show ratios'
    assert [text.get_text().split()[0] for text in axes.texts] == ['a', 'b']


def test_accuracy_over_latency_where_all_are_known(fabric):
    axes, points, _ = parts(draw_bubbles([fabric.result('a', accuracy=0.5), fabric.result('b', accuracy=0.25)], 'J'))
    np.testing.assert_allclose(points, [[1000, 0.5], [1000, 0.25]])
    assert axes.get_ylabel() == 'J'
