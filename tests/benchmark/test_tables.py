import json

from mmavs.benchmark import (
    comparison_record,
    heading,
    markdown_table,
    read_markdown_tables,
    table_rows,
    text_table,
)


def test_rows_hold_the_figures_and_ratios_to_the_first(fabric):
    rows = table_rows(
        [fabric.result('a', accuracy=0.5), fabric.result('b', forward=1.5, train=1.0, memory=None)], 'avs/J_frame'
    )
    assert [len(row) for row in rows] == [len(rows[0])] * 3
    table = [list(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert ('forward ms p50', '1000.0') in table[0]
    assert ('params M (trained / all)', '5.0 / 10.0') in table[0]
    assert ('GFLOP/frame', '2.0') in table[0]
    assert ('frames/s', '5.00') in table[0]
    assert ('avs/J_frame', '0.500') in table[0]
    assert [value for name, value in table[0] if name == 'ratio'] == ['1.00', '1.00', '1.00']
    assert [value for name, value in table[1] if name == 'ratio'] == ['1.50', '0.50', '–']
    assert ('avs/J_frame', '–') in table[1]


def test_forward_only_compares_the_memory_of_the_forward_pass(fabric):
    rows = table_rows([fabric.result('a', train=None), fabric.result('b', train=None, memory=25.0)])
    assert rows[2][-3:] == ['25', '–', '0.25']
    assert rows[2][8:11] == ['–', '–', '–']


def test_markdown_and_text_hold_every_cell():
    rows = [['model', 'ms'], ['a', '1'], ['bee', '22']]
    assert markdown_table(rows).splitlines() == ['| model | ms |', '| --- | ---: |', '| a | 1 |', '| bee | 22 |']
    assert text_table(rows).splitlines() == ['model  a  bee', 'ms     1   22']


def test_markdown_tables_are_read_back():
    rows = [['model', 'ms'], ['a', '–'], ['b', '']]
    text = f'words\n\n{markdown_table(rows)}\n\nmore\n{markdown_table(rows[:2])}\n'
    assert [(table['columns'], table['rows']) for table in read_markdown_tables(text)] == [
        (rows[0], rows[1:]),
        (rows[0], rows[1:2]),
    ]


def test_heading_names_machine_and_conditions(fabric):
    where, how = heading(fabric.settings)
    assert 'commit ' in where
    assert 'torch ' in where
    assert '1 thread(s), float32, one clip of 5 frames' in how
    assert how.endswith('cpu clock')


def test_record_survives_json_with_all_samples(fabric):
    record = json.loads(json.dumps(comparison_record([fabric.result('a'), fabric.result('b')], fabric.settings)))
    assert [model['name'] for model in record['models']] == ['a', 'b']
    assert record['models'][1]['ratios']['forward'] == 1.0
    assert record['models'][0]['train']['samples'] == [2.0]
    assert record['settings']['rounds'] == 5
