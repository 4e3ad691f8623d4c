_base_ = [
    '../_base_/models/catr_pvt-v2-b5.py',
    '../_base_/datasets/avsbench-ms3_224.py',
    '../_base_/default_runtime.py',
]
# frames go up to 448, masks stay at 224, where the published metric is computed
resize = dict(type='ResizeClip', size=(448, 448))
pipeline = [_base_.train_pipeline[0], resize, *_base_.train_pipeline[1:4], dict(type='PackAVSInputs')]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
