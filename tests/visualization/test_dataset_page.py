import cv2
import numpy as np

from mmavs.datasets.statistics import ClipStatistics, Thresholds, summarise
from mmavs.visualization.dataset_page import MAX_CLASSES, bar_chart, heat_map, outlined_jpeg, write_dataset_page


def summary(names):
    values = dict(split='val', areas=(0.1,), changes=0, steps=1, similarity=0.7, example=None, related=None)
    return summarise([ClipStatistics(clip_id='c', names=(names, names), **values)], Thresholds())


def test_bars_are_as_long_as_their_values_say():
    chart = bar_chart('x', {'<a>': 10, 'b': 5}, 'clips')
    assert 'width="250.0"' in chart
    assert 'width="125.0"' in chart
    assert '&lt;a&gt;: 10 clips' in chart
    assert '<a>' not in chart
    assert 'width="0.0"' in bar_chart('x', {'a': 0}, 'clips')


def test_heat_map_leaves_out_the_diagonal():
    chart = heat_map('x', ['a', 'b', 'c'], [[99, 4, 0], [4, 50, 1], [0, 1, 7]])
    assert 'a and b: 4 s' in chart
    assert 'fill-opacity="1.00"' in chart  # the largest pair, not the larger diagonal
    assert 'fill-opacity="0.53"' in chart
    assert chart.count('fill-opacity="0.00"') == 2


def test_page_is_complete_and_needs_no_network(tmp_path):
    names = tuple(f'class{i}' for i in range(MAX_CLASSES + 3))
    page = write_dataset_page(
        tmp_path / 'a' / 'index.html', 'T <&>', {'val': summary(names)}, summary(names), [('one', b'jpg')], ['note']
    ).read_text()
    assert 'T &lt;&amp;&gt;' in page
    assert f'The {MAX_CLASSES} most frequent of {MAX_CLASSES + 3}.' in page
    assert 'data:image/jpeg;base64,anBn' in page
    assert 'The definition is that of mmavs' in page
    assert 'http' not in page
    assert page.count('<div') == page.count('</div>')


def test_page_of_a_set_in_which_nothing_sounds(tmp_path):
    page = write_dataset_page(tmp_path / 'index.html', 'T', {}, summary(()), [], []).read_text()
    assert 'Nothing sounds in any clip' in page


def test_outline_lies_on_the_border_of_the_mask(tmp_path):
    cv2.imwrite(str(tmp_path / 'f.png'), np.full((60, 120, 3), 128, np.uint8))
    mask = np.zeros((60, 120), bool)
    mask[20:40, 30:60] = True
    picture = cv2.imdecode(np.frombuffer(outlined_jpeg(str(tmp_path / 'f.png'), mask), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (120, 240, 3)
    changed = np.abs(picture.astype(int) - 128).max(-1) > 60
    assert changed[40, 70:110].all()
    assert not changed[50:70, 70:110].any()
    assert not changed[:30].any()
