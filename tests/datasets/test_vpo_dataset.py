import csv

import numpy as np
import pytest
import torch
from layouts import save, write_csv
from PIL import Image
from scipy.io import wavfile
from vpo_layout import AUDIOS, CLASSES, COLUMNS, REMAP, Writer, make_vpo, mask_of

from mmavs.audio import resample
from mmavs.datasets import VPO_CLASSES, VPODataset
from mmavs.datasets.checks import check_dataset

LOAD = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks'), dict(type='LoadSources')]


def pipeline(stereo=False):
    mel = [dict(type='MixSources', stereo=stereo), dict(type='CAVPMel', stereo=stereo)]
    return [*LOAD, *mel, dict(type='PackAVSInputs')]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_vpo(tmp_path_factory.mktemp('vpo'))


def plain_source(path):
    rate, samples = wavfile.read(path)
    wave = resample(torch.from_numpy(samples.astype(np.float32) / 32768), rate, 16000).numpy()
    if len(wave) < 48000:
        while len(wave) < 48000:
            wave = np.concatenate([wave, wave])
        return wave[:48000]
    start = len(wave) // 2 - 24000
    return wave[start : start + 48000]


def plain_items(root, subset, split):
    """Published rules: rows or groups of rows, remapping of the category numbers, sources cut, panned and summed."""
    name = f'VPO-{subset.upper()}'
    with open(root / 'VPO' / name / f'vpo_{subset}_data_stereo.csv') as file:
        rows = [row for row in csv.DictReader(file) if (row['split'] == 'train') == (split == 'train')]
    groups = [[row] for row in rows]
    if subset != 'ss':
        groups = [[r for r in rows if r['img_Id'] == image] for image in dict.fromkeys(row['img_Id'] for row in rows)]
    for group in groups:
        first = group[0]
        image = first['img_Id'].zfill(12)
        folder = root / 'VPO' / ('VPO-MS' if subset == 'msmi' and int(first['multi_instance']) == 0 else name)
        below = first['cateName'] if subset == 'ss' else ''
        mask_name = f'{image}_{first["ann_Ids"].zfill(12)}' if subset == 'ss' else image
        label = np.asarray(Image.open(folder / 'mask' / below / f'{mask_name}.png')).astype(int)
        remapped = label.copy()
        for number in set(np.unique(label)) - {0, 255}:
            remapped[label == number] = REMAP[number]
        left = right = mono = 0
        for row in group:
            wave = plain_source(root / AUDIOS / f'{row["vgg_file"]}.wav')
            position = float(row['audio_pos'])
            mono, left, right = mono + wave, left + wave * (1 - position), right + wave * position
        yield dict(
            image=np.asarray(Image.open(folder / 'data' / below / f'{image}.jpg').convert('RGB')),
            label=remapped,
            names=[row['cateName'] for row in group],
            mono=mono[None],
            stereo=np.stack([left, right]),
            subset=folder.name,
        )


@pytest.mark.parametrize(('subset', 'split'), [('ss', 'train'), ('ss', 'test'), ('ms', 'train'), ('ms', 'val')])
@pytest.mark.parametrize('stereo', [False, True])
def test_items_equal_a_plain_reader(root, subset, split, stereo):
    assert check_items(root, subset, split, stereo)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_items_of_msmi_lie_in_two_folders(root, split):
    items = check_items(root, 'msmi', split, True)
    assert [item['subset'] for item in items] == (['VPO-MSMI'] if split == 'train' else ['VPO-MS', 'VPO-MSMI'])


def check_items(root, subset, split, stereo):
    steps = [*LOAD, dict(type='MixSources', stereo=stereo)]
    dataset, raw = (
        VPODataset(root, split, pipeline(stereo), subset=subset),
        VPODataset(root, split, steps, subset=subset),
    )
    wanted = list(plain_items(root, subset, split))
    assert len(dataset) == len(wanted) > 0
    for i, want in enumerate(wanted):
        item = dataset[i]
        sample = item['data_samples']
        np.testing.assert_array_equal(item['inputs']['frames'][0].permute(1, 2, 0), want['image'])
        np.testing.assert_array_equal(sample.gt_masks[0], want['label'])
        np.testing.assert_allclose(raw[i]['waveform'], want['stereo' if stereo else 'mono'], atol=1e-6)
        assert item['inputs']['audio'].shape == (1, 1 + stereo, 300, 64)
        assert sample.frame_annotated.tolist() == sample.frame_labelled.tolist() == [True]
        assert sample.subset == want['subset']
        assert sample.sounding == [list(dict.fromkeys(want['names']))]
        assert sample.tags.nonzero()[:, 1].tolist() == sorted({CLASSES.index(name) for name in want['names']})
    return wanted


def test_classes_are_numbered_as_published(root):
    assert list(VPO_CLASSES) == CLASSES
    dataset = VPODataset(root, 'train')
    assert len(dataset.metainfo['palette']) == len(dataset.metainfo['classes']) == 22


def test_ids_are_unique_and_val_is_test(root):
    for subset in ('ss', 'ms', 'msmi', ('ms', 'msmi')):
        ids = [clip['clip_id'] for clip in VPODataset(root, 'test', subset=subset)]
        assert len(ids) == len(set(ids)) > 0
        assert ids == [clip['clip_id'] for clip in VPODataset(root, 'val', subset=subset)]
    assert ids == ['000000007101', '000000007101_2', '000000007200']


def test_rows_that_repeat_an_annotation_are_clips_of_their_own(tmp_path):
    writer = Writer(tmp_path, 'ss')
    writer.add(3, 'train', [18], below='dog', annotation=4)
    writer.rows.append([*writer.rows[0]])
    writer.write()
    ids = [clip['clip_id'] for clip in VPODataset(tmp_path, 'train')]
    assert ids == ['000000007003_000000000004', '000000007003_000000000004_2']


def test_masks_named_by_annotation_are_found(tmp_path):
    writer = Writer(tmp_path, 'ms')
    writer.add(3, 'train', [18, 17], annotation=4)
    writer.write()
    for names in (None, 'annotation'):
        item = VPODataset(tmp_path, 'train', pipeline(), subset='ms', mask_names=names)[0]
        assert item['data_samples'].mask_paths[0].endswith('000000007003_000000000004.png')
    with pytest.raises(FileNotFoundError, match=r"clip '000000007003'.*000000007003\.png"):
        VPODataset(tmp_path, 'train', pipeline(), subset='ms', mask_names='image')[0]


def test_an_unknown_category_is_named(tmp_path):
    writer = Writer(tmp_path, 'ms')
    writer.add(3, 'train', [18, 17])
    writer.write()
    dataset = VPODataset(tmp_path, 'train', pipeline(), subset='ms')
    path = tmp_path / 'VPO/VPO-MS/mask/000000007003.png'
    save(path, mask_of(3, [18, 91], (33, 44)))
    with pytest.raises(ValueError, match=r"clip '000000007003'.*000000007003\.png' holds the category numbers \[91\]"):
        dataset[0]
    save(path, np.zeros((33, 44, 3), np.uint8))
    with pytest.raises(ValueError, match="pixel format 'RGB', mode='vpo'"):
        dataset[0]


GOOD = dict(
    ann_Ids='4',
    cateName='dog',
    img_Id='7',
    cateId='18',
    vgg_file='a_1',
    audio_pos='0.5',
    split='train',
    multi_instance='0',
)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(cateName='unicorn'), "line 3: unknown class 'unicorn'"),
        (dict(cateName='background'), "line 3: unknown class 'background'"),
        (dict(split='dev'), "line 3: split must be one of .* got 'dev'"),
        (dict(audio_pos='1.2'), r'line 3: audio_pos must be in \[0, 1\]'),
        (dict(audio_pos='nan'), r'line 3: audio_pos must be in \[0, 1\]'),
        (dict(multi_instance='x'), 'line 3: multi_instance must be 0 or 1'),
        (dict(vgg_file=''), r"line 3: the columns \['vgg_file'\] are empty"),
        (dict(img_Id='../../../../etc'), "'../../../../etc' is not a valid clip id"),
        (dict(vgg_file='/etc/passwd'), "'/etc/passwd' is not a valid clip id"),
        (dict(ann_Ids='4/../../../x'), 'is not a valid clip id'),
        (dict(vgg_file='..\\x'), 'is not a valid clip id'),
    ],
)
def test_bad_rows_are_named(tmp_path, change, message):
    writer = Writer(tmp_path, 'msmi')
    writer.add(3, 'train', [18, 17], folder='VPO-MS')
    writer.rows = [list(GOOD.values()), list({**GOOD, **change}.values())]
    writer.write()
    with pytest.raises(ValueError, match=message):
        VPODataset(tmp_path, 'train', subset='msmi')


def test_columns_are_found_by_name(tmp_path):
    writer = Writer(tmp_path, 'ss')
    writer.add(3, 'train', [18], below='dog', annotation=4)
    path = tmp_path / 'VPO/VPO-SS/vpo_ss_data_stereo.csv'
    write_csv(path, [['', *reversed(COLUMNS)], *(['0', *reversed(row)] for row in writer.rows)])
    assert VPODataset(tmp_path, 'train')[0]['sounding'] == [['dog']]
    write_csv(path, [COLUMNS[1:], *(row[1:] for row in writer.rows)])
    with pytest.raises(ValueError, match=r"lacks the columns \['ann_Ids'\]"):
        VPODataset(tmp_path, 'train')


def test_missing_folders_say_where_the_data_comes_from(tmp_path):
    def refused(name):
        with pytest.raises(FileNotFoundError, match=rf'{name}.*cyh-0/CAVP.*VGGSound.*build_avstamps'):
            VPODataset(tmp_path, 'train')

    refused('vpo_ss_data_stereo')
    writer = Writer(tmp_path, 'ss')
    writer.rows = [[4, 'dog', 7, 18, 'a', 0.5, 'train', 0]]
    writer.write()
    for folder in (AUDIOS, 'VPO/VPO-SS/data', 'VPO/VPO-SS/mask'):
        refused(folder)
        (tmp_path / folder).mkdir(parents=True)
    assert len(VPODataset(tmp_path, 'train')) == 1
    with pytest.raises(ValueError, match="no clip of the split 'val'"):
        VPODataset(tmp_path, 'val')


def test_options_are_checked(root):
    for options in (
        dict(subset='sss'),
        dict(subset=()),
        dict(mask_names='x'),
        dict(audio='log_mel'),
        dict(max_clips=0),
    ):
        with pytest.raises(ValueError, match=f'{next(iter(options))}.*'):
            VPODataset(root, 'train', **options)


def test_exchanged_audio_takes_the_places_along(root):
    plain = {clip['clip_id']: clip for clip in VPODataset(root, 'train')}
    for clip in VPODataset(root, 'train', audio_from='disjoint'):
        donor = plain[clip['audio_clip_id']]
        assert not set(donor['sounding'][0]) & set(clip['sounding'][0])
        for key in ('audio_path', 'audio_paths', 'audio_positions'):
            assert clip[key] == donor[key]


def test_the_checker_reads_every_source_and_shares_folders(root):
    dataset = VPODataset(root, 'train', pipeline(), subset='ms')
    assert list(check_dataset(dataset)) == []
    path = root / AUDIOS / '-vgg_1001_000030.wav'
    content = path.read_bytes()
    path.write_bytes(content[:100])
    try:
        (problem,) = check_dataset(dataset)
    finally:
        path.write_bytes(content)
    assert problem.path == str(path)
    assert 'is truncated' in problem.message
