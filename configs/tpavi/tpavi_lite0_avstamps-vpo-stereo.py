_base_ = [
    '../_base_/models/tpavi_lite0.py',
    '../_base_/datasets/avstamps-vpo-stereo_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
model = dict(
    audio_backbone=dict(_delete_=True, type='MelResNet18', in_channels=2, out_channels=128),
    decode_head=dict(num_classes=22),
    losses=[dict(type='MaskCELoss')],
)
default_hooks = dict(checkpoint=dict(save_best='avs/JF_beta'))
