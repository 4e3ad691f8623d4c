_base_ = [
    '../_base_/models/tpavi_r50.py',
    '../_base_/datasets/avsbench-ms3_224.py',
    '../_base_/schedules/adam_1e-4.py',
    '../_base_/default_runtime.py',
]
model = dict(losses=[dict(type='MaskBCELoss'), dict(type='AVMatchingLoss', loss_weight=0.5)])
