_base_ = [
    '../_base_/datasets/avstamps-s4_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
audio_pipeline = [
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last', cache_dir=f'{_base_.data_root}/.cache'),
    dict(type='PackAVSInputs'),
]
augmented_pipeline = [
    *audio_pipeline[:2],
    dict(type='AudioAugment', level_db=(-6, 6), num_time_masks=1, num_band_masks=1),
    audio_pipeline[2],
]
model = dict(type='AudioTagger', audio_backbone=dict(type='AudioCNN'), num_tags=24)
train_dataloader = dict(
    dataset=dict(_delete_=True, **_base_.clips, split='train', pipeline=augmented_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=audio_pipeline))
test_dataloader = dict(dataset=dict(pipeline=audio_pipeline))
val_evaluator = [dict(type='TaggingMetric')]
test_evaluator = val_evaluator
train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=300, T_max=250, eta_min=0),
]
default_hooks = dict(checkpoint=dict(save_best='avs/tag_top1'))
