# VPO-SS in stereo: 3 s, panned by where the objects are, as the mel spectrogram of CAVP. The audio backbone is
# MelResNet18(in_channels=2), and the two channels change places when the picture is mirrored.
_base_ = './vpo-ss_512.py'
sound = [
    dict(type='LoadSources', seconds=3.0),
    dict(type='MixSources', stereo=True),
    dict(type='CAVPMel', num_rows=300, stereo=True),
]
train_pipeline = [*_base_.load, *sound, *_base_.augment, *_base_.pack]
test_pipeline = [*_base_.load, *sound, *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
