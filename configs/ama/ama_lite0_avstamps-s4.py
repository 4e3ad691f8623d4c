_base_ = [
    '../_base_/models/ama_lite0.py',
    '../_base_/datasets/avstamps-s4_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
# measured in docs/en/ama.md: groups that hang together, and a contrast too light to hold on to early, random responses
_base_.model.losses[2].update(loss_weight=0.01)
model = dict(
    neck=dict(clustering=dict(_delete_=True, type='PositionedClustering', clustering=dict(type='DPCKNN', k=5)))
)
