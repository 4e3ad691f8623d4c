from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from mmavs.structures import AVSDataSample
from mmavs.visualization import AVSVisualizationHook, AVSVisualizer, avs_visualizer


def batch(num_clips, num_frames=2, size=(16, 16), out_size=(16, 16)):
    inputs = dict(
        frames=[torch.randint(0, 256, (num_frames, 3, *size), dtype=torch.uint8) for _ in range(num_clips)],
        audio=[torch.randn(num_frames, 1, 96, 64) for _ in range(num_clips)],
    )
    samples = []
    for i in range(num_clips):
        masks = torch.zeros(num_frames, *out_size, dtype=torch.long)
        sample = AVSDataSample(metainfo=dict(clip_id=f'a/clip {i}', classes=('background', 'sounding')))
        sample.set_data(dict(gt_masks=masks, pred_masks=masks, pred_uncertainty=masks.float(), pred_groups=masks))
        sample.set_data(dict(pred_response=masks.float(), pred_logits=masks[:, None].float()))
        samples.append(sample)
    return dict(inputs=inputs), samples


@pytest.fixture
def runner():
    return SimpleNamespace(visualizer=AVSVisualizer(name='test_visualization_hook'))


def test_pictures_are_written_by_clip_id(tmp_path, runner):
    hook = AVSVisualizationHook(draw=True, out_dir=str(tmp_path / 'new' / 'folder'))
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, *batch(2, out_size=(24, 20)))
    written = sorted(path.name for path in (tmp_path / 'new/folder').iterdir())
    assert written == ['a_clip_0.png', 'a_clip_1.png']
    assert cv2.imread(str(tmp_path / 'new/folder' / written[0])).shape[2] == 3


def test_all_that_the_model_has_left_is_drawn(runner, monkeypatch):
    drawn = {}
    monkeypatch.setattr(avs_visualizer, 'draw_clip', lambda frames, **given: drawn.update(given) or frames[0])
    data, samples = batch(1)
    runner.visualizer.add_image = lambda *_: None
    AVSVisualizationHook(draw=True).after_test_iter(runner, 0, data, samples)
    assert {name for name, value in drawn.items() if value is None} == {'waveform', 'sounding'}
    assert (drawn['probability'] == 0.5).all()
    samples[0].pred_logits = torch.zeros(2, 3, 16, 16)
    AVSVisualizationHook(draw=True).after_test_iter(runner, 0, data, samples)
    assert drawn['probability'] is None


def test_interval_counts_clips_over_batches_and_restarts(tmp_path, runner):
    hook = AVSVisualizationHook(draw=True, out_dir=str(tmp_path), interval=3)
    for _ in range(2):
        hook.before_test(runner)
        for index in range(2):
            hook.after_test_iter(runner, index, *batch(2))
    assert hook.seen == 4
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_drawn_unless_asked_or_without_frames(tmp_path, runner):
    AVSVisualizationHook(out_dir=str(tmp_path)).after_test_iter(runner, 0, *batch(1))
    data, samples = batch(1)
    del data['inputs']['frames']
    AVSVisualizationHook(draw=True, out_dir=str(tmp_path)).after_test_iter(runner, 0, data, samples)
    assert not list(tmp_path.iterdir())


def test_without_a_folder_the_back_ends_get_the_picture(runner):
    taken = []
    runner.visualizer.add_image = lambda name, image, step: taken.append((name, image.shape[2], step))
    hook = AVSVisualizationHook(draw=True)
    hook.after_test_iter(runner, 0, *batch(1))
    assert taken == [('a/clip 0', 3, 1)]


def test_interval_must_be_positive():
    with pytest.raises(ValueError, match='at least 1'):
        AVSVisualizationHook(interval=0)


def test_an_unwritable_file_is_an_error(tmp_path, runner, monkeypatch):
    monkeypatch.setattr(cv2, 'imwrite', lambda *_: False)
    samples = batch(1)[1]
    with pytest.raises(OSError, match='cannot be written'):
        runner.visualizer.add_datasample(
            'x', np.zeros((2, 16, 16, 3), np.uint8), samples[0], out_file=tmp_path / 'x.png'
        )
