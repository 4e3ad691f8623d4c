_base_ = './ama_r50_avss.py'
model = dict(neck=dict(num_groups=12))
