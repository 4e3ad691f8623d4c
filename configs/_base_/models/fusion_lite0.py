# One small network for comparing fusions: EfficientNet-Lite0 (frozen, ImageNet) and a small audio network (frozen,
# pre-trained by configs/tagger), fusion at strides 8, 16 and 32 in 64 channels, a feature pyramid and a mask branch. A leaf
# exchanges the neck; everything else stays.
model = dict(
    type='AVSegmentor',
    backbone=dict(type='EfficientNetLiteStages', pretrained='imagenet', frozen=True),
    audio_backbone=dict(type='AudioCNN', pretrained='work_dirs/tagger_audiocnn_avstamps-s4/tagger.pth', frozen=True),
    neck=dict(type='IdentityNeck', in_channels=(24, 40, 112, 320), channels=64, stages=(1, 2, 3)),
    pixel_decoder=dict(type='FPNPixelDecoder', in_channels=(64, 64, 64, 64), channels=48),
    decode_head=dict(type='UncertaintyDecodeHead', channels=48, num_classes=1),
    losses=[dict(type='MaskBCELoss', loss_weight=2.0), dict(type='MaskIoULoss')],
)
