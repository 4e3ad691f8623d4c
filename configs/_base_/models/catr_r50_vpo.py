# CATR-style on VPO. The published queries know "sounds" and "does not", no classes; so its audio-visual encoder and gate
# stay (CATRNeck without the encoder that only queries read), and the decoder of TPAVI gives 22 classes.
_base_ = './catr_pvt-v2-b5.py'
model = dict(
    backbone=dict(_delete_=True, type='ResNetStages', depth=50, pretrained='imagenet'),
    neck=dict(in_channels=(256, 512, 1024, 2048), stages=(0, 1, 2, 3), num_layers=0),
    decode_head=dict(_delete_=True, type='TPAVIHead', channels=256, num_classes=22),
    losses=[dict(type='MaskCELoss')],
)
# what the configs in stereo put in place of VGGish; 128 channels, as the fusion expects
stereo_audio_backbone = dict(_delete_=True, type='MelResNet18', in_channels=2, out_channels=128, pretrained='imagenet')
train_cfg = dict(max_epochs=60, val_interval=2)
