# AVSegFormer on VPO: its AVSS losses for 22 classes.
_base_ = './avsegformer_r50.py'
model = dict(
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss'), dict(type='MaskFeatureLoss', loss_weight=0.1)],
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=2)
