import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from report_runs import make_data, make_run

from mmavs.evaluation.clip_scores import ClipScores
from mmavs.report import results
from mmavs.report.results import LazyTestSet, ModelTester
from mmavs.report.runs import TrainedRun


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path, clips=4)


@pytest.fixture
def pair(tmp_path, data):
    return [TrainedRun(make_run(tmp_path / name, data, seed=i)) for i, name in enumerate('ab')]


def test_what_is_missing_is_tested_once(pair, monkeypatch):
    found = ModelTester().results(pair, 'matched')
    for result in found:
        assert result.scores.clip_ids.tolist() == [f'test-clip{i}' for i in range(4)]
        assert result.scores.values['avs/J_frame'].mean() == pytest.approx(result.metrics['avs/J_frame'])
        assert len(set(result.truth.values())) == 4
    assert found[0].metrics != found[1].metrics

    def refuse(*args, **kwargs):
        raise AssertionError('tested again')

    monkeypatch.setattr(results, 'evaluate_condition', refuse)
    again = ModelTester().results(pair, 'matched')
    assert [r.metrics['avs/J_frame'] for r in again] == [r.metrics['avs/J_frame'] for r in found]
    assert sorted(p.name for p in (pair[0].folder / 'compare').iterdir()) == ['matched.json', 'matched.npz']


def test_other_clips_are_refused_with_both_names(pair, tmp_path, data):
    rows = (data / 'ms3_meta_data.csv').read_text().splitlines()
    shutil.copytree(data, tmp_path / 'other')
    (tmp_path / 'other' / 'ms3_meta_data.csv').write_text('\n'.join(rows[:-1]) + '\n')
    pair[1] = TrainedRun(pair[1].folder, cfg_options={'data_root': str(tmp_path / 'other')})
    message = (
        r"a \(.*a\) and b \(.*b\) were tested on different clips of 'matched': 1 \['test-clip3'\] only in the first, 0"
    )
    with pytest.raises(ValueError, match=message):
        ModelTester().results(pair, 'matched')


def test_other_masks_are_refused_with_both_names(pair, tmp_path, data):
    other = shutil.copytree(data, tmp_path / 'other')
    path = next((other / 'ms3_data' / 'gt_masks').rglob('test-clip2_1.png'))
    Image.fromarray(np.roll(np.array(Image.open(path)), 1, 0)).save(path)
    pair[1] = TrainedRun(pair[1].folder, cfg_options={'data_root': str(other)})
    with pytest.raises(ValueError, match=r"a \(.*\) and b \(.*\) .* ground truth in 1 clips .*\['test-clip2'\]"):
        ModelTester().results(pair, 'matched')


def test_masks_of_another_size_are_refused(pair):
    pair[1] = TrainedRun(pair[1].folder, cfg_options={'test_dataloader.dataset.pipeline.4.size': (48, 64)})
    with pytest.raises(ValueError, match=r'in 4 clips .*the masks differ, perhaps in size only'):
        ModelTester().results(pair, 'matched')


def test_masks_that_have_changed_since_the_first_model_was_tested_are_refused(pair, data):
    ModelTester().result(pair[0], 'matched')
    path = next((data / 'ms3_data' / 'gt_masks').rglob('test-clip0_3.png'))
    Image.fromarray(np.roll(np.array(Image.open(path)), 1, 1)).save(path)
    with pytest.raises(ValueError, match='different ground truth in 1 clips'):
        ModelTester().results(pair, 'matched')


def test_a_moved_copy_of_the_data_is_the_same_data(pair, tmp_path, data):
    pair[1] = TrainedRun(pair[1].folder, cfg_options={'data_root': str(shutil.copytree(data, tmp_path / 'other'))})
    assert len(ModelTester().results(pair, 'matched')) == 2


def test_clips_come_in_the_order_of_the_first_model(pair):
    found = ModelTester().result(pair[1], 'matched')
    scores = ClipScores(found.scores.clip_ids[::-1], {k: v[::-1] for k, v in found.scores.values.items()})
    pair[1].store('matched', replace(found, scores=scores))
    again = ModelTester().results(pair, 'matched')[1]
    assert again.scores.clip_ids.tolist() == found.scores.clip_ids.tolist()
    np.testing.assert_array_equal(again.scores.values['avs/J_frame'], found.scores.values['avs/J_frame'])


def test_other_numbers_of_empty_frames_are_refused(pair):
    found = ModelTester().result(pair[1], 'matched')
    values = dict(found.scores.values, **{'avs/num_empty_frames': found.scores.values['avs/num_empty_frames'] + 1})
    pair[1].store('matched', replace(found, scores=ClipScores(found.scores.clip_ids, values), truth=None))
    with pytest.raises(ValueError, match='avs/num_empty_frames differs'):
        ModelTester().results(pair, 'matched')


def test_clips_are_read_by_their_ids(pair):
    reader = LazyTestSet(pair[0], 'matched')
    assert reader.subsets(['test-clip1', 'test-clip0']) == ['ms3', 'ms3']
    assert reader.clip('test-clip2')['data_samples'].clip_id == 'test-clip2'
    with pytest.raises(ValueError, match="score of clip 'gone', which the test set 'matched' does not hold"):
        reader.clip('gone')


def test_parameters_are_counted(pair):
    tester = ModelTester()
    expected = sum(p.numel() for p in tester.model(pair[0]).parameters())
    assert tester.parameters(pair[0]) == dict(all=expected, trainable=expected)
