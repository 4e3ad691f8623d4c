# Dirichlet, its uncertainty read off as the expected error of the mean instead of the missing evidence.
_base_ = './amaue_lite0_avstamps-ms3.py'
model = dict(decode_head=dict(uncertainty=dict(measure='error')))
