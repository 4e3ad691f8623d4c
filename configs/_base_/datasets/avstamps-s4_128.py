# AVStamps in the S4 layout at 128x128. A training sample is the labelled first frame with one second of its clip's
# sound (the object sounds in all five); validation and test see whole clips.
data_root = 'data/avstamps'
train_pipeline = [
    dict(type='SampleFrames', indices=(0,), audio_second='random'),
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', mode='binary'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', cache_dir='.cache/logmel'),
    dict(type='ResizeClip', size=(128, 128)),
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='AudioAugment'),
    dict(type='PackAVSInputs'),
]
test_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', mode='binary'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel'),
    dict(type='ResizeClip', size=(128, 128)),
    dict(type='PackAVSInputs'),
]
s4 = dict(type='AVSBenchS4Dataset', data_root=f'{data_root}/Single-source', recipes_file='recipes.json')
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**s4, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**s4, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**s4, split='test', pipeline=test_pipeline),
)
val_evaluator = [dict(type='BinaryAVSMetric', batch_videos=4)]
test_evaluator = [dict(type='BinaryAVSMetric', batch_videos=4), dict(type='RobustAVSMetric'), dict(type='TransitionMetric')]


def stress(name):
    return dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/{name}')


conditions = dict(
    matched=dict(),
    shuffled=dict(dataset=dict(audio_from='disjoint')),
    silence=dict(audio_transform=dict(type='ReplaceAudio', mode='silence')),
    noise=dict(audio_transform=dict(type='ReplaceAudio', mode='noise')),
    offscreen=dict(
        audio_transform=dict(type='ReplaceAudio', mode='offscreen', offscreen_dir=f'{data_root}/offscreen')
    ),
    spatial=dict(dataset=stress('spatial')),
    temporal=dict(dataset=stress('temporal')),
    unseen=dict(dataset=stress('unseen')),
)
