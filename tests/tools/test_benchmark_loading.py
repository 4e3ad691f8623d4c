import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import wavfile

from mmavs.datasets import voc_palette

FOLDER = Path(__file__).parents[2] / 'tools' / 'benchmarks'
PALETTE = np.array(voc_palette(71), np.uint8)


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    yield importlib.import_module('benchmark_loading')
    torch.set_num_threads(threads)
    cv2.setNumThreads(cv2_threads)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    root = tmp_path_factory.mktemp('clips') / 'AVSBench-semantic'
    rows, rng = ['vid,uid,s_min,s_sec,a_obj,split,label'], np.random.default_rng(0)
    for k in range(2):
        folder = root / 'v2' / f'clip{k}'
        for name in ('frames', 'labels_rgb', 'labels_semantic'):
            (folder / name).mkdir(parents=True)
        for i in range(10):
            smooth = cv2.GaussianBlur(rng.integers(0, 256, (50, 70 - k, 3), dtype=np.uint8), (0, 0), 3)
            Image.fromarray(smooth).save(folder / f'frames/{i}.jpg')
            classes = rng.integers(0, 71, (5, 7), dtype=np.uint8).repeat(10, 0).repeat(10, 1)[:, : 70 - k]
            Image.fromarray(classes).save(folder / f'labels_semantic/{i}.png')
            Image.fromarray(PALETTE[classes]).save(folder / f'labels_rgb/{i}.png')
        wavfile.write(folder / 'audio.wav', 16000, rng.integers(-3000, 3000, (160000, 2), dtype=np.int16))
        rows.append(f'clip{k},clip{k},0,0,dog,train,v2')
    (root / 'metadata.csv').write_text('\n'.join(rows) + '\n')
    return root


@pytest.mark.parametrize('mode', ['test', 'train', 'augment'])
@pytest.mark.parametrize('masks', ['palette', 'index'])
def test_plain_loader_and_mmavs_give_the_same_clips(benchmark, data_root, mode, masks):
    args = benchmark.parse_args([str(data_root), '--workers', '0', '--size', '24'])
    got = {}
    for name, side in benchmark.sides(args, mode, masks).items():
        got[name] = []
        wall, cpu = side.run(got[name].append)
        assert wall > 0
        assert cpu > 0
    assert len(got['plain']) == len(got['mmavs']) == 2
    for plain, ours in zip(got['plain'], got['mmavs'], strict=True):
        assert torch.equal(plain[2], ours[2])
        torch.testing.assert_close(plain[1], ours[1], atol=1e-4, rtol=1e-4)
        # one grey level is 0.018; the two sides change colours by other formulas
        assert float((plain[0] - ours[0]).abs().mean()) < (0.1 if mode == 'augment' else 0.01)
        if mode != 'augment':
            assert float((plain[0] - ours[0]).abs().max()) < 0.02


def test_comparing_colours_says_zero_for_an_unknown_one(benchmark):
    colours = PALETTE[np.arange(71)][None].copy()
    colours[0, 5] = (1, 2, 3)
    want = np.arange(71)[None].copy()
    want[0, 5] = 0
    plain = importlib.import_module('plain_avss_loader')
    np.testing.assert_array_equal(plain.colours_to_classes(colours, PALETTE), want)


def test_both_tables_are_printed(benchmark, data_root, capsys):
    assert benchmark.main([str(data_root), '--workers', '1', '--rounds', '1', '--modes', 'train', '--size', '24']) == 0
    table = [line.strip('| ').split(' | ') for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
    assert [row[:2] for row in table[2:4]] == [['train', 'labels_rgb'], ['train', 'labels_semantic']]
    assert all(float(cell) > 0 for row in table[2:4] for cell in row[2:8])
    steps = {row[0] for row in table[6:]}
    assert {'mmavs LoadClipMasks', 'plain masks: colours to classes'} <= steps
