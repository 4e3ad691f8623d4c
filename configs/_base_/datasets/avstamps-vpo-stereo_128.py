# AVStamps in VPO layout in stereo: the sources are panned by where their objects are, so that twins can be told apart.
_base_ = './avstamps-vpo_128.py'
mixed, mel = dict(type='MixSources', stereo=True), dict(type='CAVPMel', seconds=1.0, num_rows=96, stereo=True)
sound = [_base_.sound[0], mixed, mel]
train_pipeline = [*_base_.load, *sound, _base_.resize, *_base_.augment, *_base_.pack]
test_pipeline = [*_base_.load, *sound, _base_.resize, *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
