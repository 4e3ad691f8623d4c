# VPO, one source (VPO-SS), heard by VGGish in mono: training crops of 512, tested at the size of the pictures.
# The csv has no third part: validation and test are the same pictures, as published.
data_root = 'data/audio_visual'
load = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks')]
# VGGish hears one example of 0.96 s, the central one; see vpo-ss-stereo_512.py for 3 s
sound = [dict(type='LoadSources', seconds=None), dict(type='MixSources'), dict(type='VGGishLogMel')]
augment = [
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='RandomScaleClip', scales=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)),
    dict(type='ClipPhotoMetric', brightness=0.5, contrast=0.5, saturation=0.5, hue=0.25),
    dict(type='RandomCropClip', size=(512, 512), pad_value=(124, 116, 104)),
]
pack = [dict(type='PackAVSInputs')]
train_pipeline = [*load, *sound, *augment, *pack]
test_pipeline = [*load, *sound, *pack]
clips = dict(type='VPODataset', data_root=data_root, subset='ss')
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**clips, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**clips, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**clips, split='test', pipeline=test_pipeline),
)
val_evaluator = [dict(type='DatasetLevelMetric')]
test_evaluator = val_evaluator
