import hashlib
import json
import shutil

import cv2
import numpy as np
import pytest

from mmavs.avstamps import build, build_benchmark
from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset
from mmavs.datasets.checks import check_dataset

OPTIONS = dict(size='tiny', procedural=True, canvas=32, quiet=True)


def digests(root):
    """Hash of every file but the resume log, whose lines follow the order in which the clips were finished."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob('*'))
        if path.is_file() and not path.name.startswith('.build-')
    }


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp('avstamps')
    counts = build_benchmark(root, sets=('s4', 'ms3', 'avss-v1s', 'avss-v2', 'switch', 'gap', 'offscreen'), **OPTIONS)
    assert counts == {'s4': 40, 'ms3': 40, 'avss-v1s': 40, 'avss-v2': 40, 'switch': 40, 'gap': 40}
    return root


@pytest.fixture
def copy(built, tmp_path):
    return shutil.copytree(built, tmp_path / 'copy')


def test_the_data_sets_read_it_without_a_problem(built):
    for split, number in (('train', 24), ('val', 8), ('test', 8)):
        sets = [
            AVSBenchS4Dataset(built / 'Single-source', split, recipes_file='recipes.json'),
            AVSBenchMS3Dataset(built / 'Multi-sources', split, recipes_file='recipes.json'),
            AVSBenchMS3Dataset(built / 'switch', split, recipes_file='recipes.json', audio_from='disjoint'),
            AVSSDataset(built / 'AVSBench-semantic', split, subsets=('v1s', 'v2')),
        ]
        for dataset in sets:
            assert len(dataset) == number * (2 if isinstance(dataset, AVSSDataset) else 1)
            assert list(check_dataset(dataset)) == []


def test_masks_show_what_the_recipes_say(built):
    for folder in ('Multi-sources', 'switch', 'gap'):
        clips = json.loads((built / folder / 'recipes.json').read_text())['clips']
        for name, clip in clips.items():
            for second, names in enumerate(clip['sounding']):
                path = built / folder / f'ms3_data/gt_masks/{clip["split"]}/{name}/{name}_{second + 1}.png'
                mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
                assert mask.any() == bool(names)
                assert round(float((mask > 0).mean()), 4) == clip['area'][second]
            heard = {n for names in clip['sounding'] for n in names}
            assert heard == {o['cls'] for o in clip['objects'] if any(o['on'])}
            assert heard <= set(clip['present'])


def test_semantic_masks_hold_the_indices_of_the_classes_that_sound(built):
    folder = built / 'AVSBench-semantic'
    numbers = json.loads((folder / 'label2idx.json').read_text())
    for name, clip in json.loads((folder / 'recipes.json').read_text())['clips'].items():
        if clip['subset'] != 'v2':
            continue
        for second, names in enumerate(clip['sounding']):
            mask = cv2.imread(str(folder / 'v2' / name / f'labels_semantic/{second}.png'), cv2.IMREAD_UNCHANGED)
            assert set(np.unique(mask)) - {0} == {numbers[n] - 1 for n in names}


def test_the_card_tells_sizes_and_what_is_held_out(built):
    text = (built / 'DATACARD.md').read_text()
    assert '| ms3 | 24/8/8 |' in text
    assert 'What is held out, and what is not' in text
    sheet = cv2.imread(str(built / 'contact_sheets' / 's4.png'))
    assert min(sheet.shape[:2]) > 300


def test_off_screen_sounds_are_wav_of_five_seconds(built):
    files = list((built / 'offscreen').glob('*.wav'))
    assert len(files) == 4
    assert {path.stat().st_size for path in files} == {44 + 5 * 16000 * 2 * 2}


def test_the_number_of_processes_does_not_matter_and_the_seed_does(tmp_path):
    sets = ('crowd-1', 'spatial', 'vpo-msmi')
    for name, changes in dict(one={}, two=dict(workers=2), other=dict(seed=1)).items():
        build_benchmark(tmp_path / name, sets=sets, **{**OPTIONS, **changes})
    assert digests(tmp_path / 'one') == digests(tmp_path / 'two')
    one, other = digests(tmp_path / 'one'), digests(tmp_path / 'other')
    frames = [name for name in one if 'visual_frames' in name or name.endswith('.jpg')]
    assert frames
    assert all(one[name] != other.get(name) for name in frames)  # the seed also draws the folder of VPO


def test_damage_is_mended_and_nothing_else_is_written_again(copy, built):
    frames = sorted(copy.glob('Multi-sources/ms3_data/visual_frames/*/*.png'))
    frames[0].unlink()
    frames[7].write_bytes(frames[7].read_bytes()[:50])
    log = copy / 'Multi-sources/.build-ms3.jsonl'
    log.write_text(log.read_text()[:-30])  # killed while the last line was written
    before = {path: path.stat().st_mtime_ns for path in copy.rglob('*.png') if 'ms3_data' in str(path)}
    build_benchmark(copy, sets=('ms3',), **OPTIONS)
    assert digests(copy) == digests(built)
    again = {path.parent.name for path, time in before.items() if path.exists() and path.stat().st_mtime_ns != time}
    last = json.loads((built / 'Multi-sources/.build-ms3.jsonl').read_text().splitlines()[-1])['id']
    assert again == {frames[0].parent.name, frames[7].parent.name, last}


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path, monkeypatch):
    drawn, draw_clip = [], build.render

    def stop_at_ten(source, task):
        if len(drawn) == 10:
            raise KeyboardInterrupt
        drawn.append(task.clip_id)
        return draw_clip(source, task)

    monkeypatch.setattr(build, 'render', stop_at_ten)
    with pytest.raises(KeyboardInterrupt):
        build_benchmark(tmp_path, sets=('crowd',), **OPTIONS)
    assert not (tmp_path / 'crowd/ms3_meta_data.csv').exists()  # no csv: a loader does not take it for complete
    rest = []
    monkeypatch.setattr(build, 'render', lambda source, task: (rest.append(task.clip_id), draw_clip(source, task))[1])
    build_benchmark(tmp_path, sets=('crowd',), **OPTIONS)
    assert len(rest) == 22
    assert not set(rest) & set(drawn)


def test_a_later_call_keeps_the_sets_of_an_earlier_one(tmp_path):
    build_benchmark(tmp_path, sets=('avss-v1m', 'crowd-2'), **OPTIONS)
    build_benchmark(tmp_path, sets=('avss-v1s',), **OPTIONS)
    rows = (tmp_path / 'AVSBench-semantic/metadata.csv').read_text().splitlines()
    assert sum(row.endswith('v1m') for row in rows) == sum(row.endswith('v1s') for row in rows) == 40
    card = (tmp_path / 'DATACARD.md').read_text()
    assert all(f'| {name} |' in card for name in ('avss-v1m', 'avss-v1s', 'crowd-2'))


def test_other_settings_in_the_same_folder_are_refused(built):
    with pytest.raises(ValueError, match=r"was built with .*'seed': 0.*asked for .*'seed': 5"):
        build_benchmark(built, sets=('s4',), **{**OPTIONS, 'seed': 5})


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(size='huge'), 'size must be one of'),
        (dict(canvas=8), 'canvas must be at least 32'),
        (dict(workers=0), 'workers must be at least 1'),
        (dict(sets=('s5',)), r"unknown sets \['s5'\]"),
    ],
)
def test_bad_arguments_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        build_benchmark(tmp_path, **{**OPTIONS, **changes})
    assert list(tmp_path.iterdir()) == []


def test_real_media_in_the_official_layout(stamps, tmp_path):
    build_benchmark(tmp_path, 'tiny', ('s4', 'crowd-1', 'unseen'), source=stamps.root, canvas=48, quiet=True)
    for dataset in (
        AVSBenchS4Dataset(tmp_path / 'Single-source', 'test', recipes_file='recipes.json'),
        AVSBenchMS3Dataset(tmp_path / 'crowd-1', 'test', recipes_file='recipes.json', num_frames=1),
        AVSBenchMS3Dataset(tmp_path / 'unseen', 'test', recipes_file='recipes.json'),
    ):
        assert len(dataset) == 8
        assert list(check_dataset(dataset)) == []
    held = {image for c in stamps.catalog.classes for image in c.held_out}
    for folder, expected in (('Single-source', False), ('unseen', True)):
        for clip in json.loads((tmp_path / folder / 'recipes.json').read_text())['clips'].values():
            assert clip['held_out'] == expected
            assert all((o['image'] in held) == (expected and any(o['on'])) for o in clip['objects'])
    assert len(json.loads((tmp_path / 'media_sha256.json').read_text())) > 300
    assert 'tuxpaint-stamps-default' in (tmp_path / 'DATACARD.md').read_text()
