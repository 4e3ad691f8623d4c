# CATR as published (ACM MM 2023): PVT-v2-b5, VGGish frozen, encoders at stride 8 over five-frame clips, 50 queries.
model = dict(
    type='AVSegmentor',
    backbone=dict(type='PVTv2Stages', variant='b5', drop_path_rate=0.1, pretrained='imagenet'),
    audio_backbone=dict(type='VGGish', pretrained='audioset', frozen=True),
    neck=dict(type='CATRNeck', in_channels=(64, 128, 320, 512), channels=256),
    decode_head=dict(type='CATRHead', channels=256, num_queries=50),
    losses=[dict(type='CATRSetLoss')],
)
# Adam at a constant 1e-5, gradients cut at norm 5; leaves set the data.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-5), clip_grad=dict(max_norm=5))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
