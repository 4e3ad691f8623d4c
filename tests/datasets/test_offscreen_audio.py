import time

import numpy as np
import pytest
from layouts import make_avss, make_ms3, make_s4, write_csv

from mmavs.datasets import AVSSDataset
from mmavs.datasets.offscreen_audio import offscreen_sounds
from mmavs.datasets.shuffled_audio import offscreen_donors
from mmavs.datasets.sound_groups import AVOIDED, GROUP_OF

CATEGORIES = ('helicopter', 'playing_piano', 'dog_barking', 'male_speech', 'race_car', 'playing_violin')


@pytest.fixture
def s4(tmp_path):
    return make_s4(tmp_path, categories=CATEGORIES, splits=('test',), clips=3, size=(16, 16))


def test_s4_follows_groups_and_exclusions(s4):
    dataset = dict(type='AVSBenchS4Dataset', data_root=str(s4), split='test')
    seen = set()
    for seed in range(20):
        sounds = offscreen_sounds(dataset, seed)
        assert len(sounds) == 18
        for (_, category), (path, donor, *_) in sounds.items():
            donor_category, name = path.split('/')[-2:]
            own, other = GROUP_OF[category], GROUP_OF[donor_category]
            assert own != other
            assert own == 'device' or other != AVOIDED[own]
            assert name == f'{donor}.wav'
            seen.add((own, other))
    assert ('device', 'music') in seen  # excluded in MS3 only
    assert offscreen_sounds(dataset, 3) == offscreen_sounds(dataset, 3)
    assert offscreen_sounds(dataset, 3) != offscreen_sounds(dataset, 4)


def write_metadata(path, rows):
    write_csv(path, [['vid', 'uid', 's_min', 's_sec', 'a_obj', 'split', 'label'], *rows])


def test_ms3_reads_the_v1m_rows_of_the_metadata(tmp_path):
    root = make_ms3(tmp_path, splits=('test',), clips=4)
    objects = ('man_guitar', 'dog_off-the-screen', 'gun', 'car_emergency-car')
    rows = [[f'test-clip{k}', 'x', 0, 0, names, 'test', 'v1m'] for k, names in enumerate(objects)]
    rows.append(['test-clip0', 'x', 0, 0, 'dog', 'test', 'v2'])
    write_metadata(tmp_path / 'AVSBench-semantic' / 'metadata.csv', rows)
    dataset = dict(type='AVSBenchMS3Dataset', data_root=str(root), split='test')
    sounds = {clip: donor for (clip, _), (_, donor, *_) in offscreen_sounds(dataset, 42).items()}
    # human and music exclude each other; animals get no human; devices get no music
    assert sounds['test-clip0'] in ('test-clip1', 'test-clip2', 'test-clip3')
    assert sounds['test-clip1'] in ('test-clip2', 'test-clip3')
    assert sounds['test-clip2'] == sounds['test-clip3'] == 'test-clip1'
    named = offscreen_sounds(dataset, 42, metadata_file=str(tmp_path / 'AVSBench-semantic' / 'metadata.csv'))
    assert {clip: donor for (clip, _), (_, donor, *_) in named.items()} == sounds


def test_unknown_sounds_of_ms3_are_an_error_with_a_remedy(tmp_path):
    dataset = dict(type='AVSBenchMS3Dataset', data_root=str(make_ms3(tmp_path)), split='test')
    with pytest.raises(FileNotFoundError, match=r'metadata\.csv of AVSBench-semantic there or name it with donors='):
        offscreen_sounds(dataset, 42)
    path = tmp_path / 'metadata.csv'
    write_metadata(path, [['test-clip0', 'x', 0, 0, 'dog', 'test', 'v1m']])
    with pytest.raises(ValueError, match=r"no v1m row with the vid 'test-clip1' \(and 1 more\)"):
        offscreen_sounds(dataset, 42, metadata_file=str(path))
    write_csv(path, [['uid', 'a_obj']])
    with pytest.raises(ValueError, match=r"lacks the columns \['label', 'vid'\]"):
        offscreen_sounds(dataset, 42, metadata_file=str(path))


def test_recipes_and_names_that_only_the_user_knows(tmp_path):
    dataset = dict(
        type='AVSBenchMS3Dataset', data_root=str(make_ms3(tmp_path)), split='test', recipes_file='recipes.json'
    )
    with pytest.raises(ValueError, match=r"\['horn'\] belong to no broad group"):
        offscreen_sounds(dataset, 42)
    sounds = offscreen_sounds(dataset, 42, groups=dict(horn='device'))
    assert {clip: donor for (clip, _), (_, donor, *_) in sounds.items()}['test-clip0'] == 'test-clip2'


def test_avss_keeps_to_clips_of_the_same_length(tmp_path):
    palette = np.random.default_rng(0).permutation(71 * 9).reshape(71, 9)[:, :3] % 251
    root = make_avss(tmp_path, palette, a_obj=('dog', 'violin'), splits=('test',))
    dataset = dict(type='AVSSDataset', data_root=str(root), split='test')
    data = AVSSDataset(str(root), 'test')
    frames = {data.get_data_info(i)['clip_id']: data.get_data_info(i) for i in range(len(data))}
    for (clip, _), (_, donor, *_) in offscreen_sounds(dataset, 0).items():
        assert frames[clip]['num_frames'] == frames[donor]['num_frames']
        assert frames[clip]['sounding'][0] != frames[donor]['sounding'][0]


def test_fallback_prefers_a_clip_without_common_class_and_is_reported():
    none = np.zeros((4, 1), bool)
    groups = np.ones((4, 1), bool)
    sounding = np.array([[1, 0], [1, 0], [0, 1], [1, 1]], bool)
    arguments = dict(kinds=np.arange(4), lengths=np.full(4, 5))
    for seed in range(10):
        donors, fallback = offscreen_donors(groups, none, sounding, seed=seed, **arguments)
        assert fallback.all()
        assert donors[0] == donors[1] == 2
        assert donors[2] in (0, 1)
        assert donors[3] in (0, 1, 2)
    with pytest.raises(ValueError, match='no other clip of the same length'):
        offscreen_donors(groups, none, sounding, seed=0, kinds=np.arange(4), lengths=np.array([5, 5, 5, 10]))


def donors_one_by_one(groups, avoided, sounding, kinds, lengths, seed):
    """The rule written down clip by clip, every clip against every other one."""
    generator = np.random.default_rng(seed)
    found = []
    for clip in range(len(groups)):
        others = np.flatnonzero((lengths == lengths[clip]) & (np.arange(len(groups)) != clip))
        fitting = np.array([k for k in others if not (groups[k] & (groups[clip] | avoided[clip])).any()], int)
        if not groups[clip].any() or not len(fitting):
            disjoint = [k for k in others if not (sounding[k] & sounding[clip]).any()]
            found.append(generator.choice(disjoint or others))
        else:
            kind = generator.choice(np.unique(kinds[fitting]))
            found.append(generator.choice([k for k in fitting if kinds[k] == kind]))
    return found


def test_donors_are_those_of_the_rule_written_down_clip_by_clip():
    rng = np.random.default_rng(0)
    for seed in range(5):
        groups, avoided, sounding = (rng.random((60, n)) < share for n, share in ((4, 0.3), (4, 0.2), (9, 0.2)))
        arguments = dict(kinds=rng.integers(0, 7, 60), lengths=rng.choice([5, 10], 60), seed=seed)
        donors, fallback = offscreen_donors(groups, avoided, sounding, **arguments)
        assert 0 < fallback.sum() < 60
        assert donors.tolist() == donors_one_by_one(groups, avoided, sounding, **arguments)


def test_donors_of_a_large_set_are_chosen_at_once():
    """Chosen anew for every training and every test; 12 202 is the training part of VPO-SS."""
    groups = np.arange(12202)[:, None] % 4 == np.arange(4)
    none = np.zeros_like(groups)
    start = time.process_time()
    offscreen_donors(groups, none, groups, np.arange(12202), np.full(12202, 1), seed=0)
    assert time.process_time() - start < 10


def test_a_kind_is_drawn_before_its_clips():
    groups = np.array([[1, 0]] + [[0, 1]] * 10, bool)
    kinds = np.array([0] + [1] + [2] * 9)
    first = [
        offscreen_donors(groups, np.zeros_like(groups), groups, kinds, np.full(11, 5), seed)[0][0]
        for seed in range(300)
    ]
    assert first.count(1) == pytest.approx(150, abs=40)
    assert set(first) == set(range(1, 11))


def test_number_of_fallbacks_is_logged(tmp_path, monkeypatch):
    messages = []
    monkeypatch.setattr('mmavs.datasets.offscreen_audio.print_log', lambda text, **_: messages.append(text))
    root = make_s4(tmp_path, categories=('helicopter', 'race_car'), splits=('test',))
    offscreen_sounds(dict(type='AVSBenchS4Dataset', data_root=str(root), split='test'), 42)
    assert messages == [
        'off-screen sound: 4 of 4 clips have no clip of another group left and get that of a random one '
        '(0 of them with a class in common)'
    ]
