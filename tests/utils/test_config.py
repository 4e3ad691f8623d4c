import pytest

from mmavs.utils.config import load_config

CONFIG = """
data_root = 'data/x'
other_root = 'data/xyz'
model = dict(type='A', neck=dict(type='N', num_groups=4), losses=[dict(type='L', weight=1.0)])
loader = dict(dataset=dict(data_root='data/x/sub', files=['data/x/a', 'elsewhere/b']))
empty = None
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text(CONFIG)
    return path


def test_existing_keys_are_overridden_also_in_lists(config):
    cfg = load_config(config, {'model.neck.num_groups': 8, 'model.losses.0.weight': 2.0})
    assert cfg.model.neck.num_groups == 8
    assert cfg.model.losses[0].weight == 2.0


@pytest.mark.parametrize(
    ('key', 'hint'),
    [
        ('model.neck.num_group', "did you mean 'model.neck.num_groups'"),
        ('modle.neck', "did you mean 'model'"),
        ('model.losses.1.weight', "model.losses has ['0']"),
        ('empty.x', 'empty has []'),
        ('model.type.x', 'model.type has []'),
    ],
)
def test_unknown_keys_are_errors_that_name_the_nearest(config, key, hint):
    with pytest.raises(KeyError) as error:
        load_config(config, {key: 1})
    assert hint in error.value.args[0]
    assert f'+{key}=' in error.value.args[0]


def test_a_plus_adds_a_key_on_purpose(config):
    cfg = load_config(config, {'+model.neck.num_group': 1, '+new.deep': 2})
    assert cfg.model.neck.num_group == 1
    assert cfg.new.deep == 2


def test_data_root_moves_every_path_below_it(config):
    cfg = load_config(config, {'data_root': '/there/'})
    assert cfg.data_root == '/there'
    assert cfg.other_root == 'data/xyz'
    assert cfg.loader.dataset.data_root == '/there/sub'
    assert cfg.loader.dataset.files == ['/there/a', 'elsewhere/b']
