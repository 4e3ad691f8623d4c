_base_ = './avsegformer_r50_avss.py'
model = dict(
    backbone=dict(_delete_=True, type='PVTv2Stages', variant='b5', drop_path_rate=0.1, pretrained='imagenet'),
    neck=dict(in_channels=(64, 128, 320, 512)),
)
