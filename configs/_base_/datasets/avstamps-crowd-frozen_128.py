# avstamps-crowd_128 on cached features, see avstamps-s4-frozen_128.
_base_ = './avstamps-crowd_128.py'
frozen = dict(
    backbone=dict(type='EfficientNetLiteStages', pretrained='imagenet', frozen=True),
    audio_backbone=dict(type='AudioCNN', pretrained='work_dirs/tagger_audiocnn_avstamps-crowd/tagger.pth', frozen=True),
)
cached = dict(type='FrozenFeatureDataset', model=frozen, cache_dir=f'{_base_.data_root}/.features')
positives, negatives = _base_.train_dataloader.dataset.datasets
train_dataloader = dict(
    num_workers=0,
    dataset=dict(
        datasets=[
            dict(type='RepeatDataset', times=3, dataset=dict(**cached, views=2, dataset=positives.dataset)),
            dict(**cached, views=2, dataset=negatives),
        ]
    ),
)
val_dataloader = dict(num_workers=0, dataset=dict(_delete_=True, **cached, dataset=_base_.val_dataloader.dataset))
test_dataloader = dict(num_workers=0, dataset=dict(_delete_=True, **cached, dataset=_base_.test_dataloader.dataset))
