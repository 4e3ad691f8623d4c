_base_ = [
    '../_base_/models/ama_lite0_measured.py',
    '../_base_/datasets/avstamps-s4_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
