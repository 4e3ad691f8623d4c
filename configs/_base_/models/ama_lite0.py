# AMA + UE on EfficientNet-Lite0 (frozen), trained in minutes on a CPU: the fusion works on the finished maps. Attention
# over time starts as the identity and learns from clips only, not from single frames.
_base_ = ['./fusion_lite0.py', '../fusions_lite0.py']
model = dict(
    neck=_base_.fusions.ama,
    temporal=dict(type='TemporalAttn', channels=48),
    decode_head=dict(uncertainty=dict(type='DirichletBranch')),
    losses=[
        *_base_.model.losses,
        dict(type='InfoNCELoss', loss_weight=0.1, channels={1: 64, 2: 64}),
        dict(type='EvidentialLoss', loss_weight=0.1),
    ],
)
