import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmavs.datasets.frozen_parts import (
    FrozenParts,
    canonical_config,
    check_frozen,
    config_digest,
    files_digest,
    own_generators,
    weights_digest,
)


def test_parts_that_learn_or_change_mode_are_named():
    with pytest.raises(ValueError, match=r"backbone Linear is not frozen \(trainable: \['weight', 'bias'\]"):
        check_frozen('backbone', nn.Linear(2, 2))
    norm = nn.Sequential(nn.BatchNorm1d(2)).requires_grad_(False)
    with pytest.raises(ValueError, match=r"in training mode: \['0'\].*set backbone.frozen=True"):
        check_frozen('backbone', norm)
    with pytest.raises(ValueError, match='training mode'):
        check_frozen('backbone', nn.Sequential(nn.Dropout()))
    check_frozen('backbone', nn.Linear(2, 2).requires_grad_(False))


def test_random_weights_are_an_error():
    audio = dict(type='AudioCNN', channels=(2, 2), out_channels=4, frozen=True)
    backbone = dict(type='ResNetStages', depth=18, frozen=True)
    parts = FrozenParts(dict(backbone=backbone, audio_backbone=audio))
    with pytest.raises(ValueError, match='backbone ResNetStages is frozen, but its weights are drawn at random'):
        parts.check_weights_are_loaded()


def test_keys_of_model_are_checked():
    with pytest.raises(ValueError, match=r"missing \['audio_backbone'\], unknown=\['neck'\]"):
        FrozenParts(dict(backbone={}, neck={}))


def test_weights_digest_sees_names_and_values():
    layer = nn.Linear(2, 2)
    digests = {weights_digest(dict(a=layer)), weights_digest(dict(b=layer))}
    with torch.no_grad():
        layer.weight[0, 0] += 1e-6
    assert len(digests | {weights_digest(dict(a=layer))}) == 3
    assert weights_digest(dict(a=layer)) == weights_digest(dict(a=layer))


def test_own_generators_leave_the_outside_alone():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    want = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    draws = []
    for seed in ((3, 0), (3, 0), (3, 1)):
        with own_generators(*seed):
            draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == want
    assert draws[0] == draws[1]
    assert not set(draws[0]) & set(draws[2])


def test_equal_configs_have_one_digest():
    assert config_digest(a=dict(x=1, y=(1, 2))) == config_digest(a=dict(y=[1, 2], x=1))
    assert config_digest(a=dict(x=1)) != config_digest(a=dict(x=2))
    assert canonical_config(dict(type=nn.Linear, path=Path('a'))) == dict(
        type='torch.nn.modules.linear.Linear', path='a'
    )
    with pytest.raises(TypeError, match=r'a\.pipeline\.0 is a function'):
        config_digest(a=dict(pipeline=[lambda x: x]))


def test_files_digest_changes_with_a_file(tmp_path):
    class Clips:
        def __len__(self):
            return 1

        def get_data_info(self, index):
            return dict(clip_id='a', audio_path=str(tmp_path / 'a.wav'), mask_paths=[None, str(tmp_path / 'missing')])

    before = files_digest(Clips())
    (tmp_path / 'a.wav').write_bytes(b'1')
    there = files_digest(Clips())
    (tmp_path / 'a.wav').write_bytes(b'22')
    assert len({before, there, files_digest(Clips())}) == 3
