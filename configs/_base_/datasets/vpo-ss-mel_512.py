# VPO-SS in mono as CAVP hears it: 3 s as its mel spectrogram. Differs from vpo-ss-stereo_512.py in the places only; the audio
# backbone is MelResNet18(in_channels=1).
_base_ = './vpo-ss_512.py'
sound = [dict(type='LoadSources', seconds=3.0), dict(type='MixSources'), dict(type='CAVPMel', num_rows=300)]
train_pipeline = [*_base_.load, *sound, *_base_.augment, *_base_.pack]
test_pipeline = [*_base_.load, *sound, *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
