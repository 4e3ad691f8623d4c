# AVSBench-semantic (v1s, v1m, v2 together): clips of 5 and 10 frames in one batch, 71 classes, 224x224.
data_root = 'data/AVSBench/AVSBench-semantic'
train_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='zeros'),
    dict(type='ResizeShortSideCenterCropClip', size=224),
    dict(type='PackAVSInputs'),
]
test_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='zeros'),
    dict(type='ResizeClip', size=(224, 224)),
    dict(type='PackAVSInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='AVSSDataset', data_root=data_root, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='AVSSDataset', data_root=data_root, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='AVSSDataset', data_root=data_root, split='test', pipeline=test_pipeline),
)
val_evaluator = [dict(type='SemanticAVSMetric')]
test_evaluator = val_evaluator
