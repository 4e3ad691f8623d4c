import csv
import json
import wave

import cv2
import numpy as np
import pytest

from mmavs.avstamps import build_benchmark
from mmavs.avstamps.catalog import stamps_catalog
from mmavs.datasets import VPODataset
from mmavs.datasets.classes import VPO_CLASSES

OPTIONS = dict(size='tiny', sets=('vpo',), procedural=True, canvas=64, quiet=True)
COLUMNS = ['cateName', 'img_Id', 'ann_Ids', 'cateId', 'vgg_file', 'split', 'audio_pos', 'multi_instance']
CATEGORY_IDS = {
    'airplane': 5, 'baby': 94, 'bird': 16, 'bus': 6, 'car': 3, 'cat': 17, 'cell phone': 77, 'cow': 21, 'dog': 18,
    'elephant': 22, 'female': 93, 'horse': 19, 'keyboard': 76, 'male': 92, 'motorcycle': 4, 'mouse': 74, 'sheep': 20,
    'skateboard': 41, 'sports ball': 37, 'tennis racket': 43, 'zebra': 24,
}  # fmt: skip


def read_vpo(root, subset):
    """Follow the published rules: rows by picture, paths by csv, rows without multi_instance from the folder of VPO-MS."""
    base = root / 'audio_visual'
    with open(base / 'VPO' / subset / f'{subset.lower().replace("-", "_")}_data_stereo.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    pictures = {}
    for row in rows:
        pictures.setdefault(row['img_Id'], []).append(row)
    samples = []
    for image_id, group in pictures.items():
        name = f'{int(image_id):012d}'
        if subset == 'VPO-SS':
            row = group[0]
            place = base / 'VPO/VPO-SS'
            picture = place / f'data/{row["cateName"]}/{name}.jpg'
            label = place / f'mask/{row["cateName"]}/{name}_{int(row["ann_Ids"]):012d}.png'
        else:
            moved = subset == 'VPO-MSMI' and group[0]['multi_instance'] == '0'
            place = base / 'VPO' / ('VPO-MS' if moved else subset)
            picture, label = place / f'data/{name}.jpg', place / f'mask/{name}.png'
        waves = []
        for row in group:
            with wave.open(str(base / f'vggsound_bench/VGGSound/audios/{row["vgg_file"]}.wav')) as file:
                assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16000, 2, 1)
                waves.append(np.frombuffer(file.readframes(file.getnframes()), '<i2'))
        mask = cv2.imread(str(label), cv2.IMREAD_UNCHANGED)
        samples.append((group, cv2.imread(str(picture)), mask, waves))
    return samples


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp('vpo')
    assert build_benchmark(root, **OPTIONS) == {'vpo-ss': 32, 'vpo-ms': 32, 'vpo-msmi': 32}
    return root


@pytest.mark.parametrize('subset', ['VPO-SS', 'VPO-MS', 'VPO-MSMI'])
def test_a_plain_reader_finds_everything_where_vpo_has_it(built, subset):
    samples = read_vpo(built, subset)
    splits = [group[0]['split'] for group, *_ in samples]
    assert (splits.count('train'), splits.count('val')) == (24, 8)
    for group, picture, mask, waves in samples:
        assert picture.shape == (*mask.shape, 3)
        assert {int(r['cateId']) for r in group} == set(np.unique(mask).tolist()) - {0}
        assert all(CATEGORY_IDS[r['cateName']] == int(r['cateId']) for r in group)
        assert len({r['multi_instance'] for r in group}) == len({r['split'] for r in group}) == 1
        assert all(len(w) in (32000, 64000) and np.abs(w).max() > 1000 for w in waves)
        for row in group:
            if sum(r['cateId'] == row['cateId'] for r in group) == 1:  # then the colour shows one object
                columns = np.flatnonzero((mask == int(row['cateId'])).any(0))
                middle = (columns[0] + columns[-1] + 1) / 2 / mask.shape[1]
                assert float(row['audio_pos']) == pytest.approx(middle, abs=1e-4)
    numbers = [len(group) for group, *_ in samples]
    assert set(numbers) == {1} if subset == 'VPO-SS' else set(numbers) <= {1, 2, 3}
    assert {mask.shape for _, _, mask, _ in samples} == {(64, 64), (48, 64)}


def test_pictures_without_several_instances_lie_in_the_folder_of_vpo_ms(built):
    samples = read_vpo(built, 'VPO-MSMI')
    flags = [group[0]['multi_instance'] for group, *_ in samples]
    own = len(list((built / 'audio_visual/VPO/VPO-MSMI/data').iterdir()))
    assert own == flags.count('1') > flags.count('0') > 0
    assert len(list((built / 'audio_visual/VPO/VPO-MS/data').iterdir())) == 32 + flags.count('0')


def test_recipes_tell_where_the_silent_twin_is(built):
    clips = json.loads((built / 'audio_visual/recipes.json').read_text())['clips']
    twins = [clip for clip in clips.values() if clip['twins']]
    assert {clip['subset'] for clip in twins} == {'VPO-MS', 'VPO-MSMI'}
    for clip in twins:
        mask = cv2.imread(str(built / 'audio_visual/VPO' / clip['folder'] / clip['mask']), cv2.IMREAD_UNCHANGED)
        objects = list(zip(clip['objects'], clip['boxes'], strict=True))
        (loud, loud_box), (_, silent_box) = sorted(
            [(o, b) for o, b in objects if sum(o['image'] == other['image'] for other, _ in objects) == 2],
            key=lambda pair: not pair[0]['on'][0],
        )
        assert loud['on'] == [True]
        middle = (loud_box[0] + loud_box[2]) / 2 / mask.shape[1]
        row = next(r for r in clip['sources'] if r['audio_pos'] == pytest.approx(middle, abs=1e-4))
        columns = np.flatnonzero((mask == row['cateId']).any(0))  # the category is not seen at the silent twin
        assert loud_box[0] <= columns[0] <= columns[-1] < loud_box[2]
        assert abs(sum(silent_box[::2]) - sum(loud_box[::2])) / 2 / mask.shape[1] > 0.2


def test_a_later_call_adds_its_csv_and_the_card_tells_of_all(tmp_path):
    build_benchmark(tmp_path, **{**OPTIONS, 'sets': ('vpo-ss',)})
    build_benchmark(tmp_path, **{**OPTIONS, 'sets': ('vpo-msmi',)})
    assert len(list((tmp_path / 'audio_visual/VPO').glob('*/*.csv'))) == 2
    card = (tmp_path / 'DATACARD.md').read_text()
    assert '| vpo-ss | 24/0/8 |' in card
    assert '| vpo-msmi | 24/0/8 |' in card
    assert 'of the 21 classes sound' in card
    sheet = cv2.imread(str(tmp_path / 'contact_sheets/vpo-msmi.png'))
    assert min(sheet.shape[:2]) > 300


def test_the_photographs_stand_for_seven_classes_and_the_animal_mouse_is_no_computer_mouse():
    classes = {c.name: c.vpo for c in stamps_catalog(()).classes}
    assert set(classes.values()) - {''} == {'bird', 'cow', 'dog', 'elephant', 'horse', 'sheep', 'zebra'}
    assert classes['bull'] == 'cow'
    assert not any(classes[name] for name in ('mouse', 'lion', 'tiger', 'donkey', 'fox', 'goat', 'rubberduck'))


def test_shapes_stand_for_all_classes_of_vpo(procedural):
    names = [c.vpo for c in procedural.catalog.classes]
    assert names[:21] == list(CATEGORY_IDS)
    assert names[21:] == [''] * 15


def test_real_media(stamps, tmp_path):
    build_benchmark(tmp_path, 'tiny', ('vpo',), source=stamps.root, canvas=64, quiet=True)
    for subset in ('VPO-SS', 'VPO-MS', 'VPO-MSMI'):
        names = {row['cateName'] for group, *_ in read_vpo(tmp_path, subset) for row in group}
        assert names <= {'bird', 'cow', 'dog', 'elephant', 'horse', 'sheep', 'zebra'}
        assert len(names) >= 5


@pytest.mark.parametrize('subset', ['ss', 'ms', 'msmi'])
def test_the_data_set_class_reads_what_the_plain_reader_reads(built, subset):
    root = built / 'audio_visual'
    pipeline = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks'), dict(type='LoadSources')]
    pipeline.append(dict(type='MixSources', stereo=True))
    dataset = VPODataset(root, 'val', pipeline, subset=subset)
    names = dict(enumerate(VPO_CLASSES))
    expected_items = [s for s in read_vpo(built, f'VPO-{subset.upper()}') if s[0][0]['split'] == 'val']
    assert len(dataset) == len(expected_items) == 8
    for index, (group, picture, mask, waves) in enumerate(expected_items):
        item = dataset[index]
        np.testing.assert_array_equal(item['frames'][0], picture[..., ::-1])
        expected = np.zeros(mask.shape, np.int64)
        for label, name in list(names.items())[1:]:
            expected[mask == CATEGORY_IDS[name]] = label
        np.testing.assert_array_equal(item['gt_masks'][0], expected)
        stereo = np.zeros((2, 48000))
        for row, samples in zip(group, waves, strict=True):
            centre = samples[8000:56000] if len(samples) == 64000 else np.tile(samples, 2)[:48000]
            gains = np.array([1 - float(row['audio_pos']), float(row['audio_pos'])])
            stereo += gains[:, None] * (centre / 32768)
        np.testing.assert_allclose(item['waveform'], stereo, atol=1e-5)


def test_the_louder_side_tells_which_twin_sounds(built):
    dataset = VPODataset(
        built / 'audio_visual', 'train', [dict(type='LoadSources'), dict(type='MixSources', stereo=True)], subset='msmi'
    )
    clips = json.loads((built / 'audio_visual/recipes.json').read_text())['clips']
    alone = {c['sources'][0]['img_Id']: c for c in clips.values() if c['twins'] and len(c['sources']) == 1}
    checked = 0
    for index in range(len(dataset)):
        item = dataset[index]
        clip = alone.get(int(item['clip_id']))
        if clip:
            left, right = np.square(item['waveform']).mean(1)
            assert (right > left) == (clip['sources'][0]['audio_pos'] > 0.5)
            checked += 1
    assert checked > 2
