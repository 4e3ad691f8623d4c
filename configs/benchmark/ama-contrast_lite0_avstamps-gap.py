_base_ = './ama_lite0_avstamps-gap.py'
model = dict(losses=[*_base_.model.losses, dict(type='InfoNCELoss', loss_weight=0.1, channels={1: 64, 2: 64})])
