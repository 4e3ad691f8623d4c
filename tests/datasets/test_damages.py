import builtins
import os
import shutil

import pytest
import torch
from damages import AVSS, FILES, FRAME, MS3, PKL, S4, S4_CSV, TABLES, WAV
from layouts import make_avss, make_ms3, make_s4
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmavs.datasets import AVSS_CLASSES, AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset, voc_palette
from mmavs.datasets.checks import check_dataset


def steps(mode, audio=('LoadAudio', 'VGGishLogMel'), **front_end):
    audio = [dict(type=name) for name in audio]
    audio[-1].update(front_end)
    return [dict(type='LoadClipFrames'), dict(type='LoadClipMasks', mode=mode), *audio, dict(type='PackAVSInputs')]


OPEN = {
    's4': lambda root: AVSBenchS4Dataset(root / S4, 'train', steps('binary')),
    'pkl': lambda root: AVSBenchS4Dataset(root / S4, 'train', steps('binary', ('LoadLogMelPickle',)), audio='log_mel'),
    'ms3': lambda root: AVSBenchMS3Dataset(root / MS3, 'train', steps('index')),
    'recipes': lambda root: AVSBenchMS3Dataset(root / MS3, 'train', steps('index'), recipes_file='recipes.json'),
    'avss': lambda root: AVSSDataset(root / AVSS, 'train', steps('palette')),
    'avss-index': lambda root: AVSSDataset(root / AVSS, 'train', steps('index')),
    'avss-padded': lambda root: AVSSDataset(root / AVSS, 'train', steps('palette', short_audio='zeros')),
}
FOLDERS = {'s4': S4, 'pkl': S4, 'ms3': MS3, 'recipes': MS3}


@pytest.fixture(scope='module')
def clean(tmp_path_factory):
    root = tmp_path_factory.mktemp('clean')
    make_s4(root, splits=('train',))
    make_ms3(root, splits=('train',), clips=2)
    make_avss(root, voc_palette(71), splits=('train',), classes=AVSS_CLASSES)
    return root


def damaged(clean, tmp_path, damage):
    folder = FOLDERS.get(damage.kind, AVSS)
    shutil.copytree(clean / folder, tmp_path / folder)
    damage.apply(tmp_path / damage.file)
    return tmp_path / damage.file


def index_of(dataset, path):
    for index in range(len(dataset)):
        clip = dataset.get_data_info(index)
        files = (*clip['frame_paths'], *clip['mask_paths'], *clip.get('index_mask_paths', ()), clip['audio_path'])
        if str(path) in files:
            return index
    raise LookupError(path)


def one_batch(dataset, indices):
    return next(iter(DataLoader(torch.utils.data.Subset(dataset, indices), len(indices), collate_fn=pseudo_collate)))


@pytest.mark.parametrize('kind', OPEN)
def test_without_damage_there_is_no_problem(clean, kind):
    assert list(check_dataset(OPEN[kind](clean))) == []


@pytest.mark.parametrize('name', FILES)
def test_damaged_file(clean, tmp_path, name):
    damage = FILES[name]
    path = damaged(clean, tmp_path, damage)
    dataset = OPEN[damage.kind](tmp_path)
    problems = list(check_dataset(dataset))
    index = index_of(dataset, path)
    if damage.message is None:
        assert problems == []
        for value in one_batch(dataset, [0, index])['inputs'].values():
            assert all(tensor.float().isfinite().all() for tensor in value)
        return
    assert {problem.path for problem in problems} == {str(path)}
    with pytest.raises(ValueError, match=damage.message):
        raise ValueError(problems[0].message)
    assert str(path) in problems[0].message
    for read in (lambda: dataset[index], lambda: one_batch(dataset, [0, index])):
        with pytest.raises((ValueError, FileNotFoundError), match=damage.message) as error:
            read()
        assert str(path) in str(error.value)
        assert problems[0].clip_id in str(error.value)
    assert 'MMAVS_TEST_EVIL' not in os.environ


@pytest.mark.parametrize('name', TABLES)
def test_damaged_table(clean, tmp_path, name):
    damage = TABLES[name]
    want = len(OPEN[damage.kind](clean))
    path = damaged(clean, tmp_path, damage)
    if damage.message is None:
        dataset = OPEN[damage.kind](tmp_path)
        assert len(dataset) == want
        assert list(check_dataset(dataset)) == []
        one_batch(dataset, [0, want - 1])
        return
    with pytest.raises((ValueError, FileNotFoundError), match=damage.message) as error:
        OPEN[damage.kind](tmp_path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(('kind', 'file'), [('s4', FRAME), ('s4', WAV), ('pkl', PKL), ('s4', S4_CSV)])
def test_file_without_permission(clean, monkeypatch, kind, file):
    # the permission bits mean nothing to root, as whom tests may run
    def refuse(name, *args, plain=builtins.open, **kwargs):
        if str(name) == str(clean / file):
            raise PermissionError(13, 'Permission denied', str(name))
        return plain(name, *args, **kwargs)

    dataset = OPEN[kind](clean)
    monkeypatch.setattr(builtins, 'open', refuse)
    message = r'cannot be read \(Permission denied\); check permissions, links and disk'
    if file == S4_CSV:
        with pytest.raises(ValueError, match=message):
            OPEN[kind](clean)
        return
    (problem,) = check_dataset(dataset)
    assert problem.path == str(clean / file)
    with pytest.raises(ValueError, match=message):
        dataset[index_of(dataset, clean / file)]
