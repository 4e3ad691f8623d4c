# A Gaussian on the logits instead of a Dirichlet.
_base_ = './amaue_lite0_avstamps-ms3.py'
model = dict(
    decode_head=dict(uncertainty=dict(type='GaussianLogitBranch')),
    losses=[*_base_.model.losses[:-1], dict(type='GaussianLogitLoss', loss_weight=0.1)],
)
load_fresh = ('decode_head.uncertainty_branch.', 'losses.3.')
