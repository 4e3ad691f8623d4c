_base_ = [
    '../_base_/models/avsegformer_r50_vpo.py',
    '../_base_/datasets/vpo-ms-stereo_512.py',
    '../_base_/vpo_runtime.py',
]
model = dict(audio_backbone=_base_.stereo_audio_backbone)
