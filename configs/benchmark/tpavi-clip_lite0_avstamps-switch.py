# TPAVI over the five frames of a clip, as published.
_base_ = './tpavi_lite0_avstamps-switch.py'
model = dict(neck=dict(frames_per_group=5))
