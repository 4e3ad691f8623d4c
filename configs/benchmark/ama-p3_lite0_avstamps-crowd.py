_base_ = './ama_lite0_avstamps-crowd.py'
model = dict(neck=dict(num_groups=3))
