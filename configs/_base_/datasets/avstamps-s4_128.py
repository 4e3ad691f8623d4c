# AVStamps in the S4 layout at 128x128. A training sample is the labelled first frame with one second of its clip's
# sound (the object sounds in all five); validation and test see whole clips, one by one.
data_root = 'data/avstamps'
train_pipeline = [
    dict(type='SampleFrames', indices=(0,), audio_second='random'),
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last', cache_dir=f'{data_root}/.cache'),
    dict(type='ResizeClip', size=(128, 128)),
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='AudioAugment'),
    dict(type='PackAVSInputs'),
]
test_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last'),
    dict(type='ResizeClip', size=(128, 128)),
    dict(type='PackAVSInputs'),
]
clips = dict(type='AVSBenchS4Dataset', data_root=f'{data_root}/Single-source', recipes_file='recipes.json')
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**clips, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**clips, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**clips, split='test', pipeline=test_pipeline),
)
val_evaluator = [dict(type='BinaryAVSMetric')]
test_evaluator = [dict(type='BinaryAVSMetric'), dict(type='RobustAVSMetric'), dict(type='TransitionMetric')]
conditions = dict(
    matched=dict(),
    shuffled=dict(dataset=dict(audio_from='disjoint')),
    silence=dict(audio_transform=dict(type='ReplaceAudio', mode='silence')),
    noise=dict(audio_transform=dict(type='ReplaceAudio', mode='noise')),
    offscreen=dict(
        audio_transform=dict(type='ReplaceAudio', mode='offscreen', offscreen_dir=f'{data_root}/offscreen')
    ),
    spatial=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/spatial')),
    temporal=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/temporal')),
    unseen=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/unseen')),
)
