import json

import pytest

from mmavs.benchmark import accuracy, read_accuracy


@pytest.fixture
def metrics_file(tmp_path):
    def write(content):
        path = tmp_path / 'metrics.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_default_metric_and_a_named_one(metrics_file):
    path = metrics_file({'avs/J_frame': 0.5, 'avs/F_max': 0.75})
    assert read_accuracy(path) == ('avs/J_frame', 0.5)
    assert read_accuracy(path, 'avs/F_max') == ('avs/F_max', 0.75)
    assert read_accuracy(metrics_file({'avs/mIoU': 0.25})) == ('avs/mIoU', 0.25)


def test_conditions_are_named_before_the_metric(metrics_file):
    path = metrics_file({'gap': {'avs/J_frame': 0.5}, 'easy': {'avs/J_frame': 0.75}})
    assert read_accuracy(path, 'easy:avs/J_frame') == ('easy:avs/J_frame', 0.75)
    with pytest.raises(ValueError, match='gap:avs/J_frame'):
        read_accuracy(path)


def test_bad_files_are_named(metrics_file, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nothing\.json'):
        read_accuracy(tmp_path / 'nothing.json')
    with pytest.raises(ValueError, match='not json'):
        read_accuracy(metrics_file('{'))
    with pytest.raises(ValueError, match='avs/X'):
        read_accuracy(metrics_file([1]), 'avs/X')


def test_checkpoint_is_tested_on_the_test_set_of_its_config(monkeypatch, tmp_path):
    seen = {}

    class Runner:
        def test(self):
            return {'avs/J_frame': 0.5}

    def build(cfg, stage):
        seen.update(stage=stage, load_from=cfg.load_from, work_dir=cfg.work_dir, resume=cfg.resume)
        return Runner()

    monkeypatch.setattr(accuracy, 'build_runner', build)
    found = accuracy.evaluate_checkpoint('tpavi/tpavi_r50_ms3.py', 'best.pth', work_dir=tmp_path)
    assert found == ('avs/J_frame', 0.5)
    assert seen == dict(stage='test', load_from='best.pth', work_dir=str(tmp_path), resume=False)
