# AVStamps in VPO layout at 128x128, trained on all three sets and tested on VPO-MSMI, which holds the silent twins. The
# central second as the mel spectrogram of CAVP, in mono; avstamps-vpo-stereo_128.py pans it.
_base_ = './vpo-msmi_512.py'
data_root = 'data/avstamps/audio_visual'
sound = [
    dict(type='LoadSources', seconds=1.0),
    dict(type='MixSources'),
    dict(type='CAVPMel', seconds=1.0, num_rows=96),
]
resize = dict(type='ResizeClip', size=(128, 128))
augment = [
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='ClipPhotoMetric', brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
]
train_pipeline = [*_base_.load, *sound, resize, *augment, *_base_.pack]
test_pipeline = [*_base_.load, *sound, resize, *_base_.pack]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, subset=('ss', 'ms', 'msmi'), pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
