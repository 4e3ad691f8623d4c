_base_ = [
    '../_base_/models/catr_pvt-v2-b5.py',
    '../_base_/datasets/avsbench-s4_224.py',
    '../_base_/default_runtime.py',
]
# frames go up to 448, masks stay at 224, where the published metric is computed
loading = _base_.train_pipeline[:4]
packing = [dict(type='ResizeClip', size=(448, 448), masks=False), dict(type='PackAVSInputs')]
augmentation = [dict(type='RandomAffineClip'), dict(type='RandomFlipClip', prob=0.5)]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=[*loading, *augmentation, *packing]))
val_dataloader = dict(dataset=dict(pipeline=[*loading, *packing]))
test_dataloader = dict(dataset=dict(pipeline=[*loading, *packing]))
