_base_ = './ama_r50_s4.py'
stages = (64, 128, 320, 512)
_base_.model.losses[3].update(channels={2: 320, 3: 512})
model = dict(
    backbone=dict(_delete_=True, type='PVTv2Stages', variant='b5', drop_path_rate=0.1, pretrained='imagenet'),
    neck=dict(in_channels=stages, widths=None),
    pixel_decoder=dict(in_channels=stages),
)
