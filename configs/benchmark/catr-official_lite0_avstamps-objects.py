_base_ = './identity_lite0_avstamps-objects.py'
model = dict(neck=_base_.fusions['catr-official'])
