_base_ = [
    '../_base_/models/ama_r50.py',
    '../_base_/datasets/avss_224.py',
    '../_base_/schedules/adamw-cosine.py',
    '../_base_/default_runtime.py',
]
bce, dice, iou, contrast, evidence = _base_.model.losses
model = dict(
    decode_head=dict(num_classes=71),
    losses=[dict(type='MaskCELoss', loss_weight=5.0), dice, iou, contrast, evidence],
)
train_dataloader = dict(dataset=dict(pipeline=_base_.augmented_pipeline))
default_hooks = dict(checkpoint=dict(save_best='avs/mJ_class'))
train_cfg = dict(val_interval=2)
