# VPO-MSMI in stereo: as VPO-SS in stereo.
_base_ = './vpo-ss-stereo_512.py'
train_dataloader = dict(dataset=dict(subset='msmi'))
val_dataloader = dict(dataset=dict(subset='msmi'))
test_dataloader = dict(dataset=dict(subset='msmi'))
