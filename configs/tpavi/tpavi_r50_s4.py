_base_ = [
    '../_base_/models/tpavi_r50.py',
    '../_base_/datasets/avsbench-s4_224.py',
    '../_base_/schedules/adam_1e-4.py',
    '../_base_/default_runtime.py',
]
train_cfg = dict(max_epochs=15)
