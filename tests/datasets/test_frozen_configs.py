import pytest

from mmavs.apis import config_root
from mmavs.evaluation.conditions import condition_dataloader_cfg
from mmavs.utils.config import load_config

CONFIGS = sorted((config_root() / '_base_' / 'datasets').glob('*-frozen_*.py'))


def found(value, kind):
    """All dicts of a type inside a config."""
    if isinstance(value, dict):
        return ([value] if value.get('type') == kind else []) + [
            x for item in value.values() for x in found(item, kind)
        ]
    return [x for item in value for x in found(item, kind)] if isinstance(value, list | tuple) else []


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_all_loaders_and_conditions_use_the_networks_named_once_and_move_with_the_data_root(path):
    cfg = load_config(path, {'data_root': '/elsewhere'})
    loaders = [cfg.train_dataloader.to_dict(), cfg.val_dataloader.to_dict(), cfg.test_dataloader.to_dict()]
    loaders += [condition_dataloader_cfg(cfg, name) for name in cfg.conditions]
    for loader in loaders:
        cached, clips = found(loader, 'FrozenFeatureDataset'), loader['dataset']
        assert cached
        assert all(item['model'] == cfg.frozen.to_dict() for item in cached)
        assert all(item['cache_dir'].startswith('/elsewhere/') for item in cached)
        assert "'data/" not in repr(clips)
    splits = [
        {x['split'] for kind in ('MS3', 'S4') for x in found(loader, f'AVSBench{kind}Dataset')} for loader in loaders
    ]
    assert splits[0] == {'train'}
    assert splits[1] == {'val'}
    assert all(split == {'test'} for split in splits[2:])
