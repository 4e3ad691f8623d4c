# TPAVI on VPO: its AVSS losses for 22 classes; a clip is one picture.
_base_ = './tpavi_r50.py'
model = dict(
    neck=dict(align_bias=False, frames_per_group=1),
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss'), dict(type='AVMatchingLoss', loss_weight=0.5, reduction='mean')],
)
# what the configs in stereo put in place of VGGish; 128 channels, as the fusion expects
stereo_audio_backbone = dict(_delete_=True, type='MelResNet18', in_channels=2, out_channels=128, pretrained='imagenet')
