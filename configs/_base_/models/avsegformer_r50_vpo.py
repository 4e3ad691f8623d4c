# AVSegFormer on VPO: its AVSS losses for 22 classes.
_base_ = './avsegformer_r50.py'
model = dict(
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss'), dict(type='MaskFeatureLoss', loss_weight=0.1)],
)
# what the configs in stereo put in place of VGGish; 128 channels, as the fusion expects
stereo_audio_backbone = dict(_delete_=True, type='MelResNet18', in_channels=2, out_channels=128, pretrained='imagenet')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=2)
