_base_ = './identity_lite0_avstamps-switch.py'
model = dict(neck=_base_.fusions.ama)
