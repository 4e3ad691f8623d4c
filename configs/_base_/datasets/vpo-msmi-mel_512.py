# VPO-MSMI in mono as CAVP hears it: as vpo-ss-mel_512.py.
_base_ = './vpo-ss-mel_512.py'
train_dataloader = dict(dataset=dict(subset='msmi'))
val_dataloader = dict(dataset=dict(subset='msmi'))
test_dataloader = dict(dataset=dict(subset='msmi'))
