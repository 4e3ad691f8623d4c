_base_ = [
    '../_base_/models/ama_r50.py',
    '../_base_/datasets/avsbench-ms3_224.py',
    '../_base_/schedules/adamw-cosine.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.augmented_pipeline))
