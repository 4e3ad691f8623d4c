_base_ = './ama_lite0_avstamps-crowd.py'
model = dict(neck=dict(block=dict(response='dot')))
