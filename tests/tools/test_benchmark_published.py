import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmavs.apis import get_config
from mmavs.benchmark.published import REPLACED, published_computation

TOOL = Path(__file__).parents[2] / 'tools' / 'benchmarks' / 'benchmark_published.py'
SHARED = dict(channels=64, num_heads=2, ffn_channels=32, num_layers=1)
NARROW = {
    'tpavi/tpavi_r50_ms3.py': (dict(channels=16), dict(channels=16)),
    'catr/catr_r50_s4.py': (
        SHARED | dict(fusion_heads=2),
        SHARED | dict(num_queries=6, kernel_channels=8),
    ),
    'avsegformer/avsegformer_r50_avss.py': (
        SHARED | dict(norm_groups=8),
        SHARED | dict(num_queries=6, num_generator_layers=2, generator_ffn_channels=16, mix_channels=16),
    ),
}


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_published', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def narrow(tool, tmp_path):
    """The cases of the tool on narrow networks and small frames."""
    cases = {}
    for (name, (neck, head)), parts in zip(NARROW.items(), tool.CASES.values(), strict=True):
        cfg = get_config(name)
        cfg.model.backbone.depth = 18
        cfg.model.neck.update(in_channels=(64, 128, 256, 512), **neck)
        cfg.model.decode_head.update(head)
        for step in cfg.test_dataloader.dataset.pipeline:
            if step.type == 'ResizeClip':
                step.size = (96, 96)
        path = tmp_path / Path(name).name
        cfg.dump(path)
        cases[str(path)] = parts
    tool.CASES = cases
    return tool


def test_every_part_gives_equal_numbers_in_a_markdown_table(narrow, monkeypatch, capsys):
    peaks = dict(published=100.0, mmavs=10.0)
    monkeypatch.setattr(narrow, 'measure_peaks', lambda config, variant, threads: {narrow.NETWORK: peaks[variant]})
    assert narrow.main(['--rounds', '1', '--configs', *narrow.CASES]) == 0
    lines = [line.strip('| ').split(' | ') for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
    assert [row[:2] for row in lines[2:]] == [
        [Path(config).stem, part] for config, parts in narrow.CASES.items() for part in (*parts, narrow.NETWORK)
    ]
    for _, part, published, own, ratio, *memory, difference in lines[2:]:
        assert float(published) > 0
        assert float(own) > 0
        assert float(ratio) > 0
        assert memory == (['100', '10'] if part == narrow.NETWORK else ['n/a', 'n/a'])
        assert float(difference) < 1e-4


def test_every_replacement_is_used_by_a_network_and_taken_back(narrow, monkeypatch):
    used = set()

    def count(owner, name, function):
        def counted(*args, **kwargs):
            used.add((owner, name))
            return function(*args, **kwargs)

        return owner, name, counted

    own = [getattr(owner, name) for owner, name, _ in REPLACED]
    monkeypatch.setattr('mmavs.benchmark.published.REPLACED', [count(*entry) for entry in REPLACED])
    for config in narrow.CASES:
        with published_computation():
            narrow.build_runs(config, 1)[narrow.NETWORK]()
    assert used == {(owner, name) for owner, name, _ in REPLACED}
    assert [getattr(owner, name) for owner, name, _ in REPLACED] == own


ALLOCATIONS = f"""
import importlib.util, torch
spec = importlib.util.spec_from_file_location('benchmark_published', {str(TOOL)!r})
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
sizes = dict(small=64, large=256)
tool.build_runs = lambda config, threads: {{k: lambda mb=mb: torch.ones(mb * 2**18).sum() for k, mb in sizes.items()}}
tool.main(['--peaks-of', 'catr', 'mmavs'])
"""


def test_peaks_are_those_of_the_parts(tool):
    if not tool.can_measure('cpu'):
        pytest.skip('needs /proc/self/clear_refs of Linux')
    # a process of its own, as the tool takes: one that has run many tests gives memory back while this one measures
    done = subprocess.run([sys.executable, '-c', ALLOCATIONS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    peaks = json.loads(done.stdout.splitlines()[-1])
    assert 55 < peaks['small'] < 90
    assert 245 < peaks['large'] < 290
