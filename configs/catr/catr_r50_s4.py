_base_ = './catr_pvt-v2-b5_s4.py'
model = dict(
    backbone=dict(_delete_=True, type='ResNetStages', depth=50, pretrained='imagenet'),
    neck=dict(in_channels=(256, 512, 1024, 2048)),
)
