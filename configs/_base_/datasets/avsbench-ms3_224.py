# AVSBench-object, multi-sources (MS3): 5 frames at 224x224, every frame labelled.
data_root = 'data/AVSBench/Multi-sources'
train_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last'),
    dict(type='ResizeClip', size=(224, 224)),
    dict(type='PackAVSInputs'),
]
test_pipeline = train_pipeline
# for recipes that augment: a window of at least 60 % of the area, a flip and colour jitter, the same for all frames of a clip
augmented_pipeline = [
    *train_pipeline[:4],
    dict(type='RandomResizedCropClip', size=(224, 224), area=(0.6, 1.0)),
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='ClipPhotoMetric', brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    dict(type='PackAVSInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='AVSBenchMS3Dataset', data_root=data_root, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='AVSBenchMS3Dataset', data_root=data_root, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='AVSBenchMS3Dataset', data_root=data_root, split='test', pipeline=test_pipeline),
)
val_evaluator = [dict(type='BinaryAVSMetric')]
test_evaluator = val_evaluator
