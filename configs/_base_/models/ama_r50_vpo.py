# AMA + UE on VPO: the losses of AVSS for 22 classes. A clip is one picture, so nothing is linked over time.
_base_ = './ama_r50.py'
bce, dice, iou, contrast, evidence = _base_.model.losses
model = dict(
    temporal=dict(_delete_=True, type='IdentityTemporal'),
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss', loss_weight=5.0), dice, iou, contrast, evidence],
)
# what the configs in stereo put in place of VGGish; 128 channels, as the fusion expects
stereo_audio_backbone = dict(_delete_=True, type='MelResNet18', in_channels=2, out_channels=128, pretrained='imagenet')
