import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / 'tools' / 'benchmarks' / 'benchmark_tpavi.py'


def test_every_row_gives_equal_numbers_in_a_markdown_table(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location('benchmark_tpavi', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for name, value in dict(SIZE=8, CHANNELS=16, INPUT=32).items():
        monkeypatch.setattr(tool, name, value)
    monkeypatch.setattr(tool, 'measure_peak', lambda row, variant, threads: 100.0 if variant == 'quadratic' else 10.0)
    assert tool.main(['--rounds', '1']) == 0
    lines = [line.strip('| ').split(' | ') for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
    rows = {(what, variant): cells for what, variant, *cells in lines[2:]}
    assert {what for what, _ in rows} == {'core', 'block', 'network'}
    for (_, variant), (_, ratio, memory, share, difference) in rows.items():
        if variant == 'quadratic':
            assert (ratio, memory, share) == ('1.0x', '100', '1.000')
        else:
            assert share == '0.100'
            assert float(difference) < (0.05 if 'bf16' in variant else 1e-4)
