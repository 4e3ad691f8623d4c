# AVStamps in the S4 layout at 128x128. A training sample is the labelled first frame with one second of its clip's
# sound (the object sounds in all five); validation and test see whole clips.
data_root = 'data/avstamps'
s4_root = f'{data_root}/Single-source'
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
