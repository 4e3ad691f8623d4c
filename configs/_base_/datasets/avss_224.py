# AVSBench-semantic (v1s, v1m, v2 together): clips of 5 and 10 frames in one batch, 71 classes, 224x224.
_base_ = './avsbench-ms3_224.py'
data_root = 'data/AVSBench/AVSBench-semantic'
test_pipeline = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks', max_unmatched=0.02),  # a known defect; check_dataset.py lists such masks
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='zeros'),
    dict(type='ResizeClip', size=(224, 224)),
    dict(type='PackAVSInputs'),
]
train_pipeline = [*test_pipeline[:4], dict(type='ResizeShortSideCenterCropClip', size=224), test_pipeline[5]]
augmented_pipeline = [*test_pipeline[:4], *_base_.augmented_pipeline[4:]]
clips = dict(type='AVSSDataset', data_root=data_root)
train_dataloader = dict(dataset=dict(**clips, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**clips, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**clips, pipeline=test_pipeline))
val_evaluator = [dict(type='SemanticAVSMetric')]
test_evaluator = val_evaluator
