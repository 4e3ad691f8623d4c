# AMA + UE fine-tuned on clips of MS3, from what amaue_lite0_avstamps-objects has learnt on single frames (load_from): attention
# over time and the uncertainty see sounds that start and stop.
_base_ = [
    '../_base_/models/ama_lite0.py',
    '../_base_/datasets/avstamps-ms3-frozen_128.py',
    '../_base_/schedules/adamw-iter_400.py',
    '../_base_/iter_runtime.py',
]
conditions = dict(
    temporal=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/temporal')),
)
test_evaluator = [*_base_.test_evaluator, dict(type='UncertaintyMetric')]
