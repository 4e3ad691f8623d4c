# Ladder 2: groups, merged with equal weights.
_base_ = './ama-guided_r50_avss.py'
model = dict(neck=dict(block=dict(guide=())))
