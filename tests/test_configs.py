from pathlib import Path

import pytest
import yaml
from mmengine import Config
from mmengine.registry import init_default_scope

from mmavs.apis import config_root, list_configs
from mmavs.registry import MODELS

ROOT = config_root()
LEAVES = list_configs()


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmavs')


@pytest.mark.parametrize('name', LEAVES)
def test_config_builds_and_is_short(name):
    cfg = Config.fromfile(ROOT / name)
    losses = cfg.model.get('losses', [])
    model = MODELS.build(cfg.model)
    assert sum(p.numel() for p in model.parameters()) > 0
    assert len((ROOT / name).read_text().splitlines()) <= 40
    assert len(losses) == len(getattr(model, 'losses', []))
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'optim_wrapper', 'train_cfg'):
        assert cfg.get(key), key


METHODS = ('ama/', 'avsegformer/', 'catr/', 'tpavi/')


@pytest.mark.parametrize('name', [n for n in LEAVES if n.startswith(METHODS)])
def test_config_is_listed_in_the_model_index(name):
    index = yaml.safe_load((ROOT.parent / 'model-index.yml').read_text())
    metafiles = [yaml.safe_load((ROOT.parent / path).read_text()) for path in index['Import']]
    listed = {entry['Config'] for metafile in metafiles for entry in metafile['Models']}
    assert f'configs/{name}' in listed


@pytest.mark.parametrize('method', METHODS)
def test_every_listed_config_exists(method):
    metafile = yaml.safe_load((ROOT / method / 'metafile.yml').read_text())
    assert all((ROOT.parent / entry['Config']).is_file() for entry in metafile['Models'])
    assert Path(ROOT.parent / metafile['Collections'][0]['README']).is_file()
