# VPO-MS in stereo: as VPO-SS in stereo.
_base_ = './vpo-ss-stereo_512.py'
train_dataloader = dict(dataset=dict(subset='ms'))
val_dataloader = dict(dataset=dict(subset='ms'))
test_dataloader = dict(dataset=dict(subset='ms'))
