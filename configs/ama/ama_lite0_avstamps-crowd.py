_base_ = [
    '../_base_/models/ama_lite0_measured.py',
    '../_base_/datasets/avstamps-crowd_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
model = dict(audio_backbone=dict(pretrained='work_dirs/tagger_audiocnn_avstamps-crowd/tagger.pth'))
