# TPAVI as published (ECCV 2022): ResNet-50, VGGish frozen, fusion at four stages over groups of five frames.
model = dict(
    type='AVSegmentor',
    backbone=dict(type='ResNetStages', depth=50, pretrained='imagenet'),
    audio_backbone=dict(type='VGGish', pretrained='audioset', frozen=True),
    neck=dict(type='TPAVINeck', in_channels=(256, 512, 1024, 2048), channels=256, stages=(0, 1, 2, 3)),
    decode_head=dict(type='TPAVIHead', channels=256, num_classes=1),
    losses=[dict(type='MaskBCELoss')],
)
