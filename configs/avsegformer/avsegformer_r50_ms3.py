_base_ = [
    '../_base_/models/avsegformer_r50.py',
    '../_base_/datasets/avsbench-ms3_224.py',
    '../_base_/default_runtime.py',
]
pipeline = [*_base_.train_pipeline[:4], dict(type='ResizeClip', size=(512, 512)), dict(type='PackAVSInputs')]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=1)
custom_hooks = [dict(type='FreezeHook', modules=['backbone'], epochs=10)]
find_unused_parameters = True  # of several processes, while the backbone is frozen
