# The set `gap` of AVStamps (one steady sound, lost in noise in half of the seconds) on cached features, see
# avstamps-switch-frozen_128.
_base_ = './avstamps-switch-frozen_128.py'
data_root = 'data/avstamps'
clips = dict(data_root=f'{data_root}/gap')
train_dataloader = dict(dataset=dict(dataset=clips))
val_dataloader = dict(dataset=dict(dataset=clips))
test_dataloader = dict(dataset=dict(dataset=clips))
conditions = dict(_delete_=True, gap=dict(), gap_shuffled=dict(dataset=dict(audio_from='disjoint')))
