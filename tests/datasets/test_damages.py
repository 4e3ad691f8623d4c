import builtins
import os
import re
import shutil

import pytest
import torch
from damages import AVSS, FILES, FRAME, KNOWN, MS3, PKL, S4, S4_CSV, TABLES, VPO, WAV, Damage
from layouts import make_avss, make_ms3, make_s4
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader
from vpo_layout import make_vpo

from mmavs.datasets import AVSS_CLASSES, AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset, VPODataset, voc_palette
from mmavs.datasets.checks import check_dataset
from mmavs.datasets.known_defects import known_defects


def steps(mode, audio=('LoadAudio', 'VGGishLogMel'), **front_end):
    audio = [dict(type=name) for name in audio]
    audio[-1].update(front_end)
    return [dict(type='LoadClipFrames'), dict(type='LoadClipMasks', mode=mode), *audio, dict(type='PackAVSInputs')]


def open_vpo(subset):
    audio = ('LoadSources', 'MixSources', 'CAVPMel')
    return lambda root: VPODataset(root / VPO, 'train', steps('vpo', audio), subset=subset)


OPEN = {
    's4': lambda root: AVSBenchS4Dataset(root / S4, 'train', steps('binary')),
    'pkl': lambda root: AVSBenchS4Dataset(root / S4, 'train', steps('binary', ('LoadLogMelPickle',)), audio='log_mel'),
    'ms3': lambda root: AVSBenchMS3Dataset(root / MS3, 'train', steps('index')),
    'recipes': lambda root: AVSBenchMS3Dataset(root / MS3, 'train', steps('index'), recipes_file='recipes.json'),
    'avss': lambda root: AVSSDataset(root / AVSS, 'train', steps('palette')),
    'avss-index': lambda root: AVSSDataset(root / AVSS, 'train', steps('index')),
    'avss-padded': lambda root: AVSSDataset(root / AVSS, 'train', steps('palette', short_audio='zeros')),
    'vpo-ss': open_vpo('ss'),
    'vpo-ms': open_vpo('ms'),
    'vpo-msmi': open_vpo('msmi'),
}
FOLDERS = {'s4': S4, 'pkl': S4, 'ms3': MS3, 'recipes': MS3, 'vpo-ss': VPO, 'vpo-ms': VPO, 'vpo-msmi': VPO}


@pytest.fixture(scope='module')
def clean(tmp_path_factory):
    root = tmp_path_factory.mktemp('clean')
    make_s4(root, splits=('train',))
    make_ms3(root, splits=('train',), clips=2)
    make_avss(root, voc_palette(71), splits=('train',), classes=AVSS_CLASSES)
    make_vpo(root)
    return root


def damaged(clean, tmp_path, damage):
    folder = FOLDERS.get(damage.kind, AVSS)
    shutil.copytree(clean / folder, tmp_path / folder)
    damage.apply(tmp_path / damage.file)
    return tmp_path / damage.file


def index_of(dataset, path):
    for index in range(len(dataset)):
        clip = dataset.get_data_info(index)
        files = [*clip['frame_paths'], *clip['mask_paths'], *clip.get('index_mask_paths', ()), clip['audio_path']]
        files += clip.get('audio_paths', [])
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


@pytest.mark.parametrize('case', KNOWN)
def test_known_damage_is_listed_by_name_and_read(clean, tmp_path, case):
    name, kind, file, apply, message = KNOWN[case]
    assert known_defects(OPEN[kind](clean)) == []
    path = damaged(clean, tmp_path, Damage(kind, file, apply, message))
    dataset = OPEN[kind](tmp_path)
    problems = list(check_dataset(dataset))
    assert {problem.known for problem in problems} <= {name}
    found = [f'{defect.message} {defect.examples}' for defect in known_defects(dataset) if defect.name == name]
    if not problems:
        assert str(path) in found[0]
    (text,) = [*found, *(problem.message for problem in problems)]
    assert re.search(message, text)
    one_batch(dataset, list(range(len(dataset))))


def test_a_doubled_row_of_vpo_is_heard_twice(clean, tmp_path):
    _, kind, file, apply, message = KNOWN['vpo: row doubled (MS)']
    path = damaged(clean, tmp_path, Damage(kind, file, apply, message))
    assert path.read_text() != (clean / file).read_text()
    once, twice = (OPEN[kind](root) for root in (clean, tmp_path))
    assert len(once) == len(twice)
    before, after = (next(clip for clip in data if '007100' in clip['data_samples'].clip_id) for data in (once, twice))
    assert (before['inputs']['audio'] != after['inputs']['audio']).any()


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
