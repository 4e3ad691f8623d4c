_base_ = './tagger_audiocnn_avstamps-s4.py'
data_root = 'data/avstamps'
clips = dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/crowd', num_frames=1)
model = dict(num_tags=67)
train_dataloader = dict(batch_size=64, dataset=clips)
val_dataloader = dict(dataset=clips)
test_dataloader = dict(dataset=dict(**clips, split='val'))
train_cfg = dict(max_iters=800, val_interval=800)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=800, T_max=750, eta_min=0),
]
