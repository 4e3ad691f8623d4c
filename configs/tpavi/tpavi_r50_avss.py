_base_ = [
    '../_base_/models/tpavi_r50.py',
    '../_base_/datasets/avss_224.py',
    '../_base_/schedules/adam_1e-4.py',
    '../_base_/default_runtime.py',
]
model = dict(
    neck=dict(align_bias=False),
    decode_head=dict(num_classes=71),
    losses=[dict(type='MaskCELoss'), dict(type='AVMatchingLoss', loss_weight=0.5, reduction='mean')],
)
default_hooks = dict(checkpoint=dict(save_best='avs/mJ_class'))
train_cfg = dict(max_epochs=60, val_begin=15, val_interval=2)
