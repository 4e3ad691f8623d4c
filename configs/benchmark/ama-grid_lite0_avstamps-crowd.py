_base_ = './ama_lite0_avstamps-crowd.py'
model = dict(neck=dict(clustering=dict(_delete_=True, type='GridGroups')))
