_base_ = './identity_lite0_avstamps-gap.py'
model = dict(neck=_base_.fusions.gate)
