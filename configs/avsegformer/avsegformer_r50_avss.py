_base_ = [
    '../_base_/models/avsegformer_r50.py',
    '../_base_/datasets/avss_224.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=71),
    losses=[dict(type='MaskCELoss'), dict(type='MaskFeatureLoss', loss_weight=0.1)],
)
default_hooks = dict(checkpoint=dict(save_best='avs/mJ_class'))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_begin=11, val_interval=2)
