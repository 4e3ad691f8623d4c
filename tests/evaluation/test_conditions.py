import pytest
from mmengine import Config

from mmavs.evaluation.conditions import condition_dataloader_cfg, markdown_table


def config(**conditions):
    pipeline = [dict(type='LoadClipFrames'), dict(type='LoadAudio'), dict(type='PackAVSInputs')]
    dataset = dict(type='AVSBenchS4Dataset', data_root='data', split='test', pipeline=pipeline)
    return Config(dict(test_dataloader=dict(batch_size=1, dataset=dataset), conditions=conditions))


def test_condition_changes_the_data_set_and_the_audio_and_leaves_the_config_alone():
    cfg = config(noise=dict(dataset=dict(data_root='other'), audio_transform=dict(type='ReplaceAudio', mode='noise')))
    dataset = condition_dataloader_cfg(cfg, 'noise')['dataset']
    assert dataset['data_root'] == 'other'
    types = [step['type'] for step in dataset['pipeline']]
    assert types == ['LoadClipFrames', 'LoadAudio', 'ReplaceAudio', 'PackAVSInputs']
    assert cfg.test_dataloader.dataset.data_root == 'data'
    assert len(cfg.test_dataloader.dataset.pipeline) == 3


def test_unknown_names_and_keys_are_errors():
    cfg = config(odd=dict(data_root='x'))
    with pytest.raises(KeyError, match='silence'):
        condition_dataloader_cfg(cfg, 'silence')
    with pytest.raises(ValueError, match=r"'odd' has unknown keys \['data_root'\]"):
        condition_dataloader_cfg(cfg, 'odd')


def test_audio_cannot_be_replaced_where_none_is_loaded():
    cfg = config(silence=dict(audio_transform=dict(type='ReplaceAudio', mode='silence')))
    cfg.test_dataloader.dataset.pipeline.pop(1)
    with pytest.raises(ValueError, match='has no LoadAudio'):
        condition_dataloader_cfg(cfg, 'silence')


def test_table_shows_a_dash_where_there_is_no_number():
    table = markdown_table({'a': {'avs/J': 0.5}, 'b': {'avs/J': float('nan'), 'avs/F': 1.0}}, ['avs/J', 'avs/F'])
    assert table.splitlines()[0] == '| condition | J | F |'
    assert table.splitlines()[2:] == ['| a | 0.500 | – |', '| b | – | 1.000 |']


def test_condition_reaches_the_data_set_inside_a_cache():
    cfg = config(noise=dict(dataset=dict(split='val'), audio_transform=dict(type='ReplaceAudio', mode='noise')))
    inner = cfg.test_dataloader.dataset.to_dict()
    cfg.test_dataloader.dataset = dict(type='FrozenFeatureDataset', cache_dir='cache', model=dict(), dataset=inner)
    dataset = condition_dataloader_cfg(cfg, 'noise')['dataset']
    assert dataset['type'] == 'FrozenFeatureDataset'
    assert 'split' not in dataset
    assert dataset['dataset']['split'] == 'val'
    assert [step['type'] for step in dataset['dataset']['pipeline']][2] == 'ReplaceAudio'
