# AVStamps in the MS3 layout on cached features: four clips of five frames a step, one in four with the sound of other
# classes and empty masks.
_base_ = './avstamps-s4-frozen_128.py'
clips = dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/Multi-sources', recipes_file='recipes.json')
train = dict(**clips, split='train')
cached = _base_.cached
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        datasets=[
            dict(
                type='RepeatDataset',
                times=3,
                dataset=dict(**cached, views=4, dataset=dict(**train, pipeline=_base_.train_pipeline[1:])),
            ),
            dict(
                **cached,
                views=4,
                dataset=dict(**train, audio_from='disjoint', pipeline=_base_.negative_pipeline[1:]),
            ),
        ]
    ),
)
val_dataloader = dict(dataset=dict(dataset=clips))
test_dataloader = dict(dataset=dict(dataset=clips))
conditions = dict(_delete_=True, ms3=dict(), ms3_shuffled=dict(dataset=dict(audio_from='disjoint')))
