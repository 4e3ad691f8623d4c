# AVStamps in the S4 layout at 128x128. A training sample is the labelled first frame with one second of its clip's
# sound (the object sounds in all five). One sample in four has the sound of a clip in which other classes sound, and an
# empty mask: without such negatives a model can learn the 2000 pictures by heart. Validation and test see whole clips.
data_root = 'data/avstamps'
train_pipeline = [
    dict(type='SampleFrames', indices=(0,), audio_second='random'),
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last', cache_dir=f'{data_root}/.cache'),
    dict(type='ResizeClip', size=(128, 128)),
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='ClipPhotoMetric', brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
    dict(type='AudioAugment', level_db=(-6, 6), num_time_masks=1, num_band_masks=1),
    dict(type='PackAVSInputs'),
]
negative_pipeline = [*train_pipeline[:3], dict(type='EmptyTargets'), *train_pipeline[3:]]
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
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(type='RepeatDataset', times=3, dataset=dict(**clips, split='train', pipeline=train_pipeline)),
            dict(**clips, split='train', pipeline=negative_pipeline, audio_from='disjoint'),
        ],
    ),
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
some = dict(max_clips=100)  # enough for the controls, which are far from the matched row
conditions = dict(
    matched=dict(),
    shuffled=dict(dataset=dict(audio_from='disjoint', **some)),
    silence=dict(dataset=some, audio_transform=dict(type='ReplaceAudio', mode='silence')),
    noise=dict(dataset=some, audio_transform=dict(type='ReplaceAudio', mode='noise')),
    offscreen=dict(
        dataset=some,
        audio_transform=dict(type='ReplaceAudio', mode='offscreen', offscreen_dir=f'{data_root}/offscreen'),
    ),
    spatial=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/spatial')),
    temporal=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/temporal')),
    unseen=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/unseen')),
)
