_base_ = [
    '../_base_/models/ama_lite0_measured.py',
    '../_base_/datasets/avstamps-vpo_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
bce, *others = _base_.model.losses
model = dict(
    audio_backbone=dict(_delete_=True, type='MelResNet18', out_channels=128),
    temporal=dict(_delete_=True, type='IdentityTemporal'),  # a clip is one picture
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss'), *others],
)
default_hooks = dict(checkpoint=dict(save_best='avs/JF_beta'))
