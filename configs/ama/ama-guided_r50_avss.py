# Ladder 3: the response guides merging, update and mapping back.
_base_ = './ama-contrast_r50_avss.py'
model = dict(losses=_base_.model.losses[:3])
