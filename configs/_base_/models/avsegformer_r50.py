# AVSegFormer as published (AAAI 2024): ResNet-50, VGGish frozen, deformable encoder, 300 audio queries; frame by frame.
model = dict(
    type='AVSegmentor',
    backbone=dict(type='ResNetStages', depth=50, pretrained='imagenet'),
    audio_backbone=dict(type='VGGish', pretrained='audioset', frozen=True),
    neck=dict(type='AVSegFormerNeck', in_channels=(256, 512, 1024, 2048), channels=256),
    decode_head=dict(type='AVSegFormerHead', channels=256, num_classes=1, num_queries=300),
    losses=[dict(type='SquaredDiceLoss'), dict(type='MaskFeatureLoss', loss_weight=0.1)],
)
# AdamW at a constant 2e-5, weight decay 0.01 (its default); leaves set data, batch size and epochs.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-5, weight_decay=0.01))
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
