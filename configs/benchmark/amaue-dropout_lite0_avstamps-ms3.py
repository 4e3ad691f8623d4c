# Test-time dropout instead of a Dirichlet.
_base_ = './amaue_lite0_avstamps-ms3.py'
model = dict(
    decode_head=dict(dropout=0.1, uncertainty=dict(type='DropoutBranch')),
    losses=_base_.model.losses[:-1],
)
load_fresh = ('decode_head.uncertainty_branch.', 'losses.3.')
