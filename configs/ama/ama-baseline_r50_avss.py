# Ladder 1: one group is global attention; the response guides nothing.
_base_ = './ama-grouping_r50_avss.py'
model = dict(neck=dict(clustering=dict(_delete_=True, type='SingleGroup'), num_groups=1))
