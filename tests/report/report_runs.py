"""Work dirs of tiny untrained models on tiny clips."""

import json
import sys
from pathlib import Path

import torch
from mmengine import Config

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / 'tools'), str(TESTS / 'datasets'), str(TESTS / 'engine')]

import layouts  # noqa: E402

from mmavs.apis import init_model  # noqa: E402
from mmavs.datasets.classes import voc_palette  # noqa: E402


def make_data(root, clips=5):
    return layouts.make_ms3(root, splits=('test',), clips=clips)


def make_semantic_data(root):
    return layouts.make_avss(
        root,
        voc_palette(24),
        splits=('test',),
        classes=['background', 'dog', 'man', 'emergency-car', *map(str, range(20))],
    )


def make_config(data, uncertainty=False, semantic=False, size=(24, 32), **changes):
    pipeline = [
        dict(type='LoadClipFrames'),
        dict(type='LoadClipMasks'),
        dict(type='LoadAudio'),
        dict(type='VGGishLogMel', short_audio='repeat_last'),
        dict(type='ResizeClip', size=size),
        dict(type='PackAVSInputs'),
    ]
    head = dict(type='UncertaintyDecodeHead', channels=4, num_classes=24 if semantic else 1)
    if uncertainty:
        head['uncertainty'] = dict(type='EntropyBranch')
    clips = dict(
        type='AVSSDataset' if semantic else 'AVSBenchMS3Dataset', data_root=str(data), pipeline=pipeline, split='test'
    )
    return Config(
        dict(
            default_scope='mmavs',
            custom_imports=dict(imports=['tiny_avs']),
            data_root=str(data),
            model=dict(
                type='AVSegmentor',
                backbone=dict(type='TinyStages'),
                audio_backbone=dict(type='AudioCNN', channels=(4, 4)),
                neck=dict(type='IdentityNeck', in_channels=(4,), channels=4),
                decode_head=head,
            ),
            test_dataloader=dict(
                batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset=clips
            ),
            test_evaluator=[dict(type='SemanticAVSMetric' if semantic else 'BinaryAVSMetric')],
            conditions=dict(
                silence=dict(audio_transform=dict(type='ReplaceAudio', mode='silence', empty_target=True)), matched={}
            ),
            **changes,
        )
    )


def write_weights(folder, cfg, seed, name='iter_2.pth'):
    torch.manual_seed(seed)
    model = init_model(cfg)
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)  # masks that differ between seeds
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / name)


def make_run(folder, data, seed=0, **changes):
    """Return a work dir as ``tools/train.py`` leaves it."""
    folder.mkdir(parents=True)
    make_config(data, **changes).dump(folder / 'toy.py')
    write_weights(folder, Config.fromfile(folder / 'toy.py'), seed)
    (folder / 'last_checkpoint').write_text(str(folder / 'iter_2.pth'))
    log(folder, [dict(loss=2.0 - 0.1 * i - 0.2 * seed, loss_bce=1.0, step=i) for i in range(1, 4)])
    return folder


def log(folder, records, start='1', tail=''):
    path = folder / start / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(json.dumps(record) + '\n' for record in records) + tail)
