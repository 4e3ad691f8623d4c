_base_ = [
    '../_base_/models/ama_lite0.py',
    '../_base_/datasets/avstamps-crowd_128.py',
    '../_base_/schedules/adamw-iter.py',
    '../_base_/iter_runtime.py',
]
# measured in docs/en/ama.md: groups that hang together, a contrast too light to hold on to early, random responses, and
# the uncertainty that finds wrong pixels as well as the mask's own confidence does
bce, iou, contrast, evidence = _base_.model.losses
contrast.update(loss_weight=0.01)
model = dict(
    neck=dict(clustering=dict(_delete_=True, type='PositionedClustering', clustering=dict(type='DPCKNN', k=5))),
    decode_head=dict(uncertainty=dict(type='GaussianLogitBranch')),
    losses=[bce, iou, contrast, dict(type='GaussianLogitLoss', loss_weight=0.1)],
)
model.update(audio_backbone=dict(pretrained='work_dirs/tagger_audiocnn_avstamps-crowd/tagger.pth'))
