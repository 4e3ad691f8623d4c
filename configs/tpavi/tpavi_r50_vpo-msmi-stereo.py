_base_ = [
    '../_base_/models/tpavi_r50_vpo.py',
    '../_base_/datasets/vpo-msmi-stereo_512.py',
    '../_base_/schedules/adam_1e-4.py',
    '../_base_/vpo_runtime.py',
]
train_cfg = dict(max_epochs=60, val_interval=2)
model = dict(audio_backbone=_base_.stereo_audio_backbone)
