_base_ = [
    '../_base_/models/ama_r50_vpo.py',
    '../_base_/datasets/vpo-msmi-stereo_512.py',
    '../_base_/schedules/adamw-cosine.py',
    '../_base_/vpo_runtime.py',
]
train_cfg = dict(val_interval=2)
model = dict(audio_backbone=_base_.stereo_audio_backbone)
