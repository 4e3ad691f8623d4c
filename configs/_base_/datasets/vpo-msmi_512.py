# VPO, several sources, several objects of a class (VPO-MSMI): as VPO-SS.
_base_ = './vpo-ss_512.py'
train_dataloader = dict(dataset=dict(subset='msmi'))
val_dataloader = dict(dataset=dict(subset='msmi'))
test_dataloader = dict(dataset=dict(subset='msmi'))
