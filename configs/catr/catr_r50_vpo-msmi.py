_base_ = [
    '../_base_/models/catr_r50_vpo.py',
    '../_base_/datasets/vpo-msmi_512.py',
    '../_base_/vpo_runtime.py',
]
