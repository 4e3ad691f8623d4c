import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tests' / 'datasets'))

from layouts import make_avss, make_ms3, make_s4  # noqa: E402
from vpo_layout import make_vpo  # noqa: E402

from mmavs.datasets import voc_palette  # noqa: E402

CONFIG = """
data = dict(type='AVSBenchMS3Dataset', data_root={root!r}, recipes_file='recipes.json', pipeline=[])
positives = dict(type='RepeatDataset', times=2, dataset=dict(**data, split='train'))
negatives = dict(**data, split='train', audio_from='disjoint', audio_seed=1)
train_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=[positives, negatives]))
val_dataloader = dict(dataset=dict(**data, split='val'))
"""


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'analysis_tools' / 'dataset_stats.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(tool, source, out, *options):
    assert tool.main([str(source), '--out', str(out), *options]) == 0
    assert (out / 'index.html').read_text().startswith('<!doctype html>')
    return json.loads((out / 'statistics.json').read_text())


@pytest.mark.parametrize('layout', ['s4', 'ms3', 'avss'])
def test_folder_of_each_layout(tool, tmp_path, layout, capsys):
    make = dict(
        s4=lambda: make_s4(tmp_path, splits=('train', 'test'), clips=1),
        ms3=lambda: make_ms3(tmp_path, splits=('train', 'test'), clips=2, num_frames=3),
        avss=lambda: make_avss(tmp_path, voc_palette(71), splits=('train', 'test'), a_obj=('dog',)),
    )
    table = run(tool, make[layout](), tmp_path / 'out')
    clips = 3 if layout == 'avss' else 2
    assert {split: found['clips'] for split, found in table['splits'].items()} == dict(train=clips, test=clips)
    assert table['all']['clips'] == len(table['clips']) == 2 * clips
    assert 'challenging' in capsys.readouterr().out


def test_config_counts_every_clip_once(tool, tmp_path):
    root = make_ms3(tmp_path, splits=('train', 'val'), clips=3)
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=str(root)))
    table = run(tool, config, tmp_path / 'out')
    assert {split: found['clips'] for split, found in table['splits'].items()} == dict(train=3, val=3)
    table = run(tool, config, tmp_path / 'out', '--split', 'val', '--max-clips', '2')
    assert {split: found['clips'] for split, found in table['splits'].items()} == dict(val=2)


def test_clips_of_one_id_are_all_listed(tool, tmp_path):
    root = make_s4(tmp_path, splits=('train', 'val'), clips=1)
    for folder in root.glob('s4_data/*/*/*/*'):
        if folder.is_dir():  # one id in both splits and both categories
            for path in folder.iterdir():
                path.rename(folder / f'same_{path.name.rsplit("_", 1)[1]}')
            folder.rename(folder.with_name('same'))
    rows = [f'same,0,{category},{split}' for split in ('train', 'val') for category in ('helicopter', 'playing_piano')]
    (root / 's4_meta_data.csv').write_text('\n'.join(['name,start,category,split', *rows]) + '\n')
    clips = run(tool, root, tmp_path / 'out')['clips']
    assert set(clips) == {f'{s}/s4/{c}/same' for s in ('train', 'val') for c in ('helicopter', 'playing_piano')}
    assert {clip['clip_id'] for clip in clips.values()} == {'same'}


def test_data_sets_that_share_ids_are_both_listed(tool, tmp_path):
    roots = [make_ms3(tmp_path / name, splits=('val',), clips=1) for name in 'ab']
    parts = [dict(type='AVSBenchMS3Dataset', data_root=str(root), split='val') for root in roots]
    config = tmp_path / 'config.py'
    config.write_text(f"val_dataloader = dict(dataset=dict(type='ConcatDataset', datasets={parts!r}))")
    table = run(tool, config, tmp_path / 'out')
    assert set(table['clips']) == {'val/ms3/val-clip0', 'val/ms3/val-clip0 (2)'}
    assert table['all']['clips'] == 2


@pytest.mark.parametrize(('subset', 'number'), [('SS', 21), ('MS', 3), ('MSMI', 3)])
def test_folder_of_vpo(tool, tmp_path, subset, number):
    folder = make_vpo(tmp_path) / 'VPO' / f'VPO-{subset}'
    table = run(tool, folder, tmp_path / 'out')
    assert set(table['splits']) == {'train', 'val'}
    assert table['all']['clips'] == len(table['clips']) == number
    if subset == 'MS':
        assert table['splits']['val']['class_clips'] == {'cat': 1, 'dog': 1, 'male': 1}
    test = run(tool, folder, tmp_path / 'out', '--split', 'test')
    assert test['all'] == run(tool, folder, tmp_path / 'out', '--split', 'val')['all']


def test_groups_and_thresholds_are_options(tool, tmp_path):
    root, groups = make_ms3(tmp_path, splits=('val',), clips=2), tmp_path / 'groups.json'
    groups.write_text(json.dumps(dict(dog='pet', cat='pet', horn='thing')))
    strict = run(tool, root, tmp_path / 'out', '--similarity', '1')
    assert strict['all']['challenging']['either'] == 0
    assert run(tool, root, tmp_path / 'out', '--change-rate', '0.25')['all']['challenging']['changing'] == 1
    assert run(tool, root, tmp_path / 'out', '--groups', str(groups))['all']['challenging']['lookalike'] == 1


def test_what_cannot_be_done_is_said(tool, tmp_path):
    root = make_ms3(tmp_path, splits=('val',), clips=1)
    out = ('--out', str(tmp_path / 'out'))
    with pytest.raises(FileNotFoundError, match=r'holds none of .*name the folder with the csv'):
        tool.main([str(tmp_path), *out])
    with pytest.raises(ValueError, match=r'no clips of .*check --split'):
        tool.main([str(root), *out, '--split', 'train'])
    with pytest.raises(ValueError, match='--max-clips must be positive'):
        tool.main([str(root), *out, '--max-clips', '0'])
    with pytest.raises(FileNotFoundError, match=r'nothing\.json.*does not exist; give a JSON file'):
        tool.main([str(root), *out, '--groups', str(tmp_path / 'nothing.json')])
    (tmp_path / 'groups.json').write_text('[1]')
    with pytest.raises(ValueError, match=r'must hold \{class: group\}'):
        tool.main([str(root), *out, '--groups', str(tmp_path / 'groups.json')])
