_base_ = './identity_lite0_avstamps-crowd.py'
model = dict(neck=_base_.fusions['catr-official'])
