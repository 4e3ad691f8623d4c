# avstamps-s4_128 on cached features of frozen networks: the same samples, four random draws of each kept, at a
# fraction of the time per step. A leaf takes its backbone and audio_backbone from `frozen`.
_base_ = './avstamps-s4_128.py'
frozen = dict(
    backbone=dict(type='EfficientNetLiteStages', pretrained='imagenet', frozen=True),
    audio_backbone=dict(type='AudioCNN', pretrained='work_dirs/tagger_audiocnn_avstamps-s4/tagger.pth', frozen=True),
)
cached = dict(type='FrozenFeatureDataset', model=frozen, cache_dir=f'{_base_.data_root}/.features')
positives, negatives = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    num_workers=0,
    dataset=dict(
        datasets=[
            dict(type='RepeatDataset', times=3, dataset=dict(**cached, views=4, dataset=positives.dataset)),
            dict(**cached, views=4, dataset=negatives),
        ]
    ),
)
val_dataloader = dict(num_workers=0, dataset=dict(_delete_=True, **cached, dataset=_base_.val_dataloader.dataset))
test_dataloader = dict(num_workers=0, dataset=dict(_delete_=True, **cached, dataset=_base_.test_dataloader.dataset))
