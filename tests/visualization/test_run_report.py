import json
import re

import cv2
import numpy as np
import pytest

from mmavs.visualization import draw_clip
from mmavs.visualization.run_report import draw_curves, format_value, read_scalars, write_report


def write_scalars(folder, lines):
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(lines))


def test_curves_of_all_starts_are_joined_and_a_cut_line_is_passed_over(tmp_path):
    write_scalars(tmp_path / '1' / 'vis_data', [json.dumps({'loss': 2.0, 'step': 1}) + '\n', '{"loss": 1.5, "st'])
    write_scalars(tmp_path / '2' / 'vis_data', ['{"loss": 1.0, "step": 2}\n', '{"loss": NaN, "step": 3}\n'])
    curves = read_scalars(tmp_path)
    assert curves == {'loss': [(1, 2.0), (2, 1.0)]}
    assert len(draw_curves(curves, ('loss', 'absent')).axes) == 1


def test_page_holds_the_table_and_needs_no_other_file(tmp_path):
    picture = tmp_path / 'clip<1>.png'
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8))
    page = write_report(
        tmp_path / 'out' / 'report.html',
        title='a & b',
        results={'matched': {'avs/J_frame': 0.5}, 'empty': {'avs/J_frame': float('nan')}},
        columns=('avs/J_frame', 'avs/other'),
        curves=draw_curves({'loss': [(1, 2.0), (2, 1.0)]}, ('loss',)),
        pictures=[picture],
    ).read_text()
    assert '<td>matched</td><td>0.500</td><td>–</td>' in page
    assert '<td>empty</td><td>–</td><td>–</td>' in page
    assert 'a &amp; b' in page
    assert 'clip&lt;1&gt;' in page
    assert page.count('data:image/jpeg;base64,') == 1
    assert page.count('data:image/png;base64,') == 1
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_a_sheet_takes_a_fraction_of_its_size_in_the_page(tmp_path):
    rng = np.random.default_rng(0)
    frames = np.stack([cv2.resize(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), (128, 128))] * 5)
    given = dict(groups=rng.integers(0, 8, (5, 16, 16)), response=rng.random((5, 16, 16)))
    sheet = tmp_path / 'clip.png'
    cv2.imwrite(str(sheet), draw_clip(frames, **given, log_mel=rng.random((5, 96, 64))))
    page = write_report(tmp_path / 'report.html', title='t', results={}, columns=(), pictures=[sheet])
    assert page.stat().st_size < 600_000


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / 'bad.png').write_text('text')
    with pytest.raises(ValueError, match=r'bad.png is not a readable picture'):
        write_report(tmp_path / 'r.html', title='t', results={}, columns=(), pictures=[tmp_path / 'bad.png'])


def test_values_have_three_decimals():
    assert [format_value(v) for v in (0.12345, None, float('nan'))] == ['0.123', '–', '–']
