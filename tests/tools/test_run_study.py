import json
import sys
from pathlib import Path

import pytest
import torch

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / 'engine'), str(TESTS / 'datasets')]

import layouts  # noqa: E402
from toy_runs import run_tool, start_tool, wait_for  # noqa: E402

import mmavs.models  # noqa: E402, F401
from mmavs.registry import MODELS  # noqa: E402

CONFIG = """
default_scope = 'mmavs'
data_root = {data!r}
frozen = dict(
    backbone=dict(type='EfficientNetLiteStages', frozen=True, pretrained={backbone!r}),
    audio_backbone=dict(type='AudioCNN', channels=(4, 4), frozen=True, pretrained={audio!r}),
)
model = dict(
    type='AVSegmentor',
    **frozen,
    neck=dict(type='TPAVINeck', in_channels=(24, 40, 112, 320), channels=8, norm_inputs=True),
    decode_head=dict(type='TPAVIHead', channels=8, num_classes=1, smooth_channels=8),
    losses=[dict(type='MaskBCELoss')],
)
pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last'),
    dict(type='ResizeClip', size=(32, 32)),
    dict(type='PackAVSInputs'),
]
clips = dict(type='AVSBenchMS3Dataset', data_root=data_root, pipeline=pipeline, recipes_file='recipes.json')
cached = dict(type='FrozenFeatureDataset', model=frozen, cache_dir=data_root + '/.features')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**cached, dataset=dict(**clips, split='train')),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**cached, dataset=dict(**clips, split='test')),
)
test_evaluator = [dict(type='BinaryAVSMetric')]
test_cfg = dict(type='TestLoop')
conditions = dict(
    matched=dict(), silence=dict(audio_transform=dict(type='ReplaceAudio', mode='silence', empty_target=True))
)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
train_cfg = dict(type='ResumableIterTrainLoop', max_iters=2, val_interval=10)
default_hooks = dict(checkpoint=dict(type='PlainCheckpointHook', by_epoch=False, interval=2))
log_processor = dict(by_epoch=False)
"""


@pytest.fixture
def config(tmp_path):
    """A study of one entry on cached features."""
    cfgs = dict(backbone=dict(type='EfficientNetLiteStages'), audio=dict(type='AudioCNN', channels=(4, 4)))
    files = {}
    for name, cfg in cfgs.items():
        part = MODELS.build(cfg)
        files[name] = str(tmp_path / f'{name}.pth')
        torch.save((part.body if name == 'backbone' else part).state_dict(), files[name])
    data = layouts.make_ms3(tmp_path, splits=('train', 'test'), clips=2, num_frames=5)
    (tmp_path / 'net.py').write_text(CONFIG.format(data=str(data), **files))
    (tmp_path / 'study.py').write_text(
        f"""
study = [dict(name='toy', config={str(tmp_path / 'net.py')!r})]
"""
    )
    return tmp_path / 'study.py'


def test_study_on_cached_features_from_the_command_line(tmp_path, config):
    command = ['analysis_tools/run_study.py', config, '--work-dir', tmp_path / 'w', '--out', tmp_path / 'out']
    process = start_tool(*command, log=tmp_path / 'log')
    assert wait_for(process, timeout=280) == 0, (tmp_path / 'log').read_text()
    result = json.loads((tmp_path / 'out' / 'RESULT.json').read_text())
    rows = {row['condition']: row for row in result['rows']}
    assert set(rows) == {'matched', 'silence'}
    metrics = json.loads((tmp_path / 'w' / 'toy' / 'seed_0' / 'eval' / 'metrics.json').read_text())
    for condition, row in rows.items():
        assert row['J'] == pytest.approx(metrics[condition]['avs/J_frame'])
    assert rows['matched']['F'] == pytest.approx(metrics['matched']['avs/F_max_exact'])
    assert '- steps: toy 2' in (tmp_path / 'out' / 'RESULT.md').read_text()
    # the two conditions and the training clips have a cache each
    assert len([path for path in (tmp_path / 'Multi-sources' / '.features').iterdir() if path.is_dir()]) == 3
    code, text = run_tool(*command, '--report-only', log=tmp_path / 'log2')
    assert code == 0, text
    assert text.startswith('# Study')
