_base_ = [
    '../_base_/models/ama_lite0.py',
    '../_base_/datasets/avstamps-objects-frozen_128.py',
    '../_base_/schedules/adamw-iter_2400.py',
    '../_base_/iter_runtime.py',
]
