# AMA + UE: guided groups, contrast, attention over time, mask and uncertainty side by side.
_base_ = './ama-contrast_lite0_avstamps-objects.py'
model = dict(
    temporal=dict(type='TemporalAttn', channels=48),
    decode_head=dict(uncertainty=dict(type='DirichletBranch')),
    losses=[*_base_.model.losses, dict(type='EvidentialLoss', loss_weight=0.1)],
)
