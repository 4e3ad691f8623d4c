# VPO, several sources of different classes (VPO-MS): as VPO-SS.
_base_ = './vpo-ss_512.py'
train_dataloader = dict(dataset=dict(subset='ms'))
val_dataloader = dict(dataset=dict(subset='ms'))
test_dataloader = dict(dataset=dict(subset='ms'))
