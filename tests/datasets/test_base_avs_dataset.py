import json

import numpy as np
import pytest
from layouts import make_ms3, make_s4

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset
from mmavs.datasets.shuffled_audio import disjoint_donors


def test_recipes_give_tags_per_second(tmp_path):
    root = make_ms3(tmp_path)
    dataset = AVSBenchMS3Dataset(root, 'test', [dict(type='LoadAudio'), dict(type='VGGishLogMel'), dict(type='PackAVSInputs')],
                                 recipes_file='recipes.json')  # fmt: skip
    sample = dataset[1]['data_samples']
    assert sample.tag_classes == dataset.metainfo['tag_classes'] == ('dog', 'cat', 'horn')
    assert sample.tags.tolist() == [[0, 0, 0]] + [[0, 1, 0]] * 4
    assert sample.sounding == [[]] + [['cat']] * 4
    assert not sample.held_out
    assert sample.present == ['dog', 'cat', 'horn']


def test_damaged_recipes_are_named(tmp_path):
    root = make_ms3(tmp_path)
    path = root / 'recipes.json'
    recipes = json.loads(path.read_text())

    def expect(kind, message, **change):
        path.write_text(json.dumps({**recipes, **change}))
        with pytest.raises(kind, match=message):
            AVSBenchMS3Dataset(root, 'test', recipes_file='recipes.json')

    clips = recipes['clips']
    expect(ValueError, 'no entry "sounding"', clips={})
    expect(ValueError, "unknown class 'dog'", classes=['cat', 'horn'])
    short = {name: {**clip, 'sounding': clip['sounding'][:3]} for name, clip in clips.items()}
    expect(ValueError, 'has 3 seconds, the clip has 5 frames', clips=short)
    path.write_text('{}')
    with pytest.raises(ValueError, match='must hold the keys'):
        AVSBenchMS3Dataset(root, 'test', recipes_file='recipes.json')
    path.write_text('nonsense')
    with pytest.raises(ValueError, match='not valid JSON'):
        AVSBenchMS3Dataset(root, 'test', recipes_file='recipes.json')
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r'recipes\.json'):
        AVSBenchMS3Dataset(root, 'test', recipes_file='recipes.json')


def test_shuffled_audio_comes_from_clips_with_other_classes(tmp_path):
    root = make_s4(tmp_path, clips=4)
    dataset = AVSBenchS4Dataset(root, 'test', audio_from='disjoint')
    again = AVSBenchS4Dataset(root, 'test', audio_from='disjoint')
    other = AVSBenchS4Dataset(root, 'test', audio_from='disjoint', audio_seed=1)
    own = AVSBenchS4Dataset(root, 'test')
    donors = [dataset[i]['audio_clip_id'] for i in range(8)]
    assert donors == [again[i]['audio_clip_id'] for i in range(8)]
    assert donors != [other[i]['audio_clip_id'] for i in range(8)]
    assert sorted(donors) == sorted(own[i]['clip_id'] for i in range(8))
    for i in range(8):
        clip = dataset[i]
        assert clip['category'][:4] != clip['audio_clip_id'][:4]
        assert clip['audio_clip_id'] in clip['audio_path']
        assert clip['frame_paths'] == own[i]['frame_paths']


def test_shuffled_audio_needs_to_know_who_sounds(tmp_path):
    root = make_ms3(tmp_path)
    with pytest.raises(ValueError, match='pass recipes_file'):
        AVSBenchMS3Dataset(root, 'test', audio_from='disjoint')
    one = make_s4(tmp_path, categories=('helicopter',))
    with pytest.raises(ValueError, match=r"clip 'heli_test\d': no clip of the same length"):
        AVSBenchS4Dataset(one, 'test', audio_from='disjoint')


def test_donors_are_a_permutation_where_one_exists():
    rng = np.random.default_rng(0)
    sounding = np.eye(6, dtype=bool)[rng.integers(0, 6, 300)]
    lengths = rng.choice([5, 10], 300)
    donors = disjoint_donors(sounding, lengths, 0)
    assert sorted(donors) == list(range(300))
    assert not (sounding & sounding[donors]).any()
    assert (lengths == lengths[donors]).all()


def test_a_donor_may_serve_twice_where_a_class_dominates():
    sounding = np.array([[1, 0]] * 7 + [[0, 1]], bool)
    donors = disjoint_donors(sounding, np.full(8, 5), 0)
    assert not (sounding & sounding[donors]).any()


def test_max_clips_spreads_over_the_split(tmp_path):
    root = make_s4(tmp_path, clips=4)
    dataset = AVSBenchS4Dataset(root, 'val', max_clips=4)
    assert [dataset[i]['clip_id'] for i in range(4)] == ['heli_val0', 'heli_val2', 'play_val1', 'play_val3']
    assert len(AVSBenchS4Dataset(root, 'val', max_clips=99)) == 8


@pytest.mark.parametrize('split', ['train', 'test'])
def test_a_transform_that_drops_the_clip_is_an_error(tmp_path, split):
    dataset = AVSBenchS4Dataset(make_s4(tmp_path), split, [lambda results: None])
    with pytest.raises(ValueError, match=rf"clip 'heli_{split}0'.*returned None"):
        dataset[0]


def test_errors_of_the_pipeline_name_the_clip(tmp_path):
    def fail(results):
        return results['nothing']

    with pytest.raises(ValueError, match=r"clip 'heli_train1' .*missing key 'nothing'"):
        AVSBenchS4Dataset(make_s4(tmp_path), 'train', [fail])[1]
