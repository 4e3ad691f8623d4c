import numpy as np
import pytest
import torch
from layouts import make_ms3, make_s4, write_csv
from mmengine.registry import init_default_scope

from mmavs.models.contracts import AVSOutput, AVSTargets
from mmavs.registry import DATASETS, MODELS
from mmavs.utils.config import load_config

NAMES = (
    'tpavi_r50_s4-robust', 'ama_r50_s4-robust', 'ama_r50_ms3-robust', 'avsegformer_pvt-v2-b5_s4-robust',
    'avsegformer_pvt-v2-b5_ms3-robust',
)  # fmt: skip


@pytest.mark.parametrize('name', NAMES)
def test_training_samples_are_negative_at_the_share(name, tmp_path):
    init_default_scope('mmavs')
    if 'ms3' in name:
        root = make_ms3(tmp_path, splits=('train',))
        rows = [[f'train-clip{k}', 'x', names, 'train', 'v1m'] for k, names in enumerate(('dog', 'gun_car', 'guitar'))]
        write_csv(tmp_path / 'AVSBench-semantic/metadata.csv', [['vid', 'uid', 'a_obj', 'split', 'label'], *rows])
    else:
        root = make_s4(tmp_path, splits=('train',))
    cfg = load_config(f'robust/{name}.py', dict(data_root=str(root)))
    config = cfg.train_dataloader.dataset
    steps = [step.type for step in config.pipeline]
    assert steps[4] == 'RandomNegativeAudio'
    assert config.pipeline[4].share == 0.1
    config.pipeline[4].share = 1.0
    data = DATASETS.build(config)
    np.random.seed(0)
    items = [data[0] for _ in range(8)]
    assert all(not item['data_samples'].gt_masks.any() for item in items)
    assert all(item['data_samples'].frame_annotated[0] for item in items)
    donors = {item['data_samples'].audio_clip_id for item in items}
    assert len(donors) == 2  # off-screen sound, and silence under the clip's own name
    config.pipeline[4].share = 0.0
    assert DATASETS.build(config)[0]['data_samples'].gt_masks.any()


def gradient_on_an_empty_mask(losses):
    """Largest gradient with respect to the logits of the terms that look at nothing else."""
    logits = torch.randn(2, 5, 1, 8, 8, requires_grad=True)
    output = AVSOutput(logits=logits, features=None)
    targets = AVSTargets(
        masks=torch.zeros(2, 5, 8, 8, dtype=torch.long),
        frame_valid=torch.ones(2, 5, dtype=torch.bool),
        frame_annotated=torch.ones(2, 5, dtype=torch.bool),
    )
    total = sum(MODELS.build(loss)(output, targets) for loss in losses if loss['type'] in MASK_LOSSES)
    return float(torch.autograd.grad(total, logits)[0].abs().max())


MASK_LOSSES = ('MaskBCELoss', 'SquaredDiceLoss')


@pytest.mark.parametrize('name', NAMES)
def test_negatives_are_learnt_from(name):
    init_default_scope('mmavs')
    losses = load_config(f'robust/{name}.py').model.losses
    assert gradient_on_an_empty_mask(losses) > 1e-3
    assert gradient_on_an_empty_mask([dict(type='SquaredDiceLoss')]) == 0
