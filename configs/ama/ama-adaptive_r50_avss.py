_base_ = './ama_r50_avss.py'
model = dict(neck=dict(clustering=dict(clustering=dict(_delete_=True, type='AdaptiveDPC'))))
