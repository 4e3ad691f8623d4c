# No fusion: what the picture alone gives. The other configs of this set exchange the neck and nothing else.
_base_ = [
    '../_base_/models/fusion_lite0.py',
    '../_base_/fusions_lite0.py',
    '../_base_/datasets/avstamps-objects-frozen_128.py',
    '../_base_/schedules/adamw-iter_2400.py',
    '../_base_/iter_runtime.py',
]
