# ama_lite0 with what was measured on AVStamps (docs/en/ama.md): groups that hang together, a contrast too light to hold on to
# early, random responses, and the uncertainty that finds wrong pixels as well as the mask's own confidence does.
_base_ = './ama_lite0.py'
bce, iou, contrast, evidence = _base_.model.losses
contrast.update(loss_weight=0.01)
model = dict(
    neck=dict(clustering=dict(_delete_=True, type='PositionedClustering', clustering=dict(type='DPCKNN', k=5))),
    decode_head=dict(uncertainty=dict(type='GaussianLogitBranch')),
    losses=[bce, iou, contrast, dict(type='GaussianLogitLoss', loss_weight=0.1)],
)
