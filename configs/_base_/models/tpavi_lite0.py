# TPAVI on EfficientNet-Lite0 (frozen, ImageNet) and a small audio network (frozen, pre-trained by configs/tagger):
# the published blocks at a width that trains in minutes on a CPU.
model = dict(
    type='AVSegmentor',
    backbone=dict(type='EfficientNetLiteStages', pretrained='imagenet', frozen=True),
    audio_backbone=dict(type='AudioCNN', pretrained='work_dirs/tagger_audiocnn_avstamps-s4/tagger.pth', frozen=True),
    neck=dict(type='TPAVINeck', in_channels=(24, 40, 112, 320), channels=48, norm_inputs=True),
    decode_head=dict(type='TPAVIHead', channels=48, num_classes=1, smooth_channels=16),
    losses=[dict(type='MaskBCELoss', loss_weight=2.0), dict(type='MaskIoULoss')],
)
