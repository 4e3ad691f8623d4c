_base_ = [
    '../_base_/models/catr_r50_vpo.py',
    '../_base_/datasets/vpo-ss-stereo_512.py',
    '../_base_/vpo_runtime.py',
]
model = dict(audio_backbone=_base_.stereo_audio_backbone)
