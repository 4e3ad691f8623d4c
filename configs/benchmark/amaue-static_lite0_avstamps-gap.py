# AMA + UE without attention over time: what that attention brings.
_base_ = './amaue_lite0_avstamps-gap.py'
model = dict(temporal=dict(_delete_=True, type='IdentityTemporal'))
load_fresh = ('temporal.',)
