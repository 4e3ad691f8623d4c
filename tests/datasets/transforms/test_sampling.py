import numpy as np
import pytest
from layouts import make_ms3, make_s4

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset
from mmavs.datasets.transforms import SampleFrames

LOAD = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', mode='binary'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel'),
    dict(type='PackAVSInputs'),
]


def test_first_frame_with_its_own_second(tmp_path):
    root = make_s4(tmp_path)
    every = AVSBenchS4Dataset(root, 'train', LOAD)[0]
    one = AVSBenchS4Dataset(root, 'train', [dict(type='SampleFrames', indices=(0,)), *LOAD])[0]
    assert one['inputs']['frames'].equal(every['inputs']['frames'][:1])
    assert one['inputs']['audio'].equal(every['inputs']['audio'][:1])
    sample = one['data_samples']
    assert sample.gt_masks.equal(every['data_samples'].gt_masks[:1])
    assert sample.frame_annotated.tolist() == sample.frame_labelled.tolist() == [True]
    assert len(sample.frame_paths) == len(sample.mask_paths) == 1
    assert sample.audio_seconds == [0]


def test_any_second_of_a_clip_that_sounds_all_the_time(tmp_path):
    root = make_s4(tmp_path)
    every = AVSBenchS4Dataset(root, 'train', LOAD)[0]['inputs']['audio']
    dataset = AVSBenchS4Dataset(root, 'train', [dict(type='SampleFrames', indices=(0,), audio_second='random'), *LOAD])
    np.random.seed(0)
    seconds = set()
    for _ in range(40):
        item = dataset[0]
        (second,) = item['data_samples'].audio_seconds
        assert item['inputs']['audio'].equal(every[second : second + 1])
        seconds.add(second)
    assert seconds == set(range(5))


def test_sampling_before_and_behind_loading_agree(tmp_path):
    root = make_ms3(tmp_path)
    load = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks', mode='index')]
    sample = dict(type='SampleFrames', indices=(3, 1))
    audio = LOAD[2:]
    before = AVSBenchMS3Dataset(root, 'val', [sample, *load, *audio], recipes_file='recipes.json')[1]
    behind = AVSBenchMS3Dataset(root, 'val', [*load, sample, *audio], recipes_file='recipes.json')[1]
    for key in ('frames', 'audio'):
        assert before['inputs'][key].equal(behind['inputs'][key])
    for key in ('gt_masks', 'tags'):
        assert before['data_samples'].get(key).equal(behind['data_samples'].get(key))


def test_random_frames_are_reproducible_and_in_order():
    clip = dict(num_frames=10, frame_paths=list('abcdefghij'))
    np.random.seed(5)
    got = [SampleFrames(num=4)(dict(clip)) for _ in range(20)]
    np.random.seed(5)
    again = [SampleFrames(num=4)(dict(clip)) for _ in range(20)]
    assert [g['frame_paths'] for g in got] == [a['frame_paths'] for a in again]
    for g in got:
        assert g['audio_seconds'] == sorted(set(g['audio_seconds']))
        assert g['frame_paths'] == ['abcdefghij'[i] for i in g['audio_seconds']]
        assert (g['num_frames'], g['num_seconds']) == (4, 10)
    assert len({tuple(g['frame_paths']) for g in got}) > 1


def test_a_random_second_is_refused_where_the_sound_changes():
    clip = dict(num_frames=2, frame_paths=['a', 'b'], tags=np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match='sound all the time'):
        SampleFrames(indices=[0], audio_second='random')(clip)


def test_bad_options():
    for arguments in (dict(), dict(indices=[0], num=1)):
        with pytest.raises(ValueError, match='either indices or num'):
            SampleFrames(**arguments)
    for arguments in (dict(indices=[-1]), dict(indices=[]), dict(num=0)):
        with pytest.raises(ValueError, match='must be positive'):
            SampleFrames(**arguments)
    with pytest.raises(ValueError, match='audio_second must be'):
        SampleFrames(num=1, audio_second='next')
    with pytest.raises(ValueError, match='wants 6 frames, the clip has 5'):
        SampleFrames(indices=[5])(dict(num_frames=5))
    with pytest.raises(ValueError, match='before the audio front end'):
        SampleFrames(num=1)(dict(num_frames=5, audio=None))
