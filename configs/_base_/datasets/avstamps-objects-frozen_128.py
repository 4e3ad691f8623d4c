# S4 and MS3 of AVStamps together on cached features: one set of weights, trained on single frames of both, tested on
# both. A clip of MS3 gives ten random frames; three samples in four have their own sound.
_base_ = './avstamps-s4-frozen_128.py'
ms3 = dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/Multi-sources', recipes_file='recipes.json')
one_frame = dict(type='SampleFrames', num=1)
frames = dict(
    **_base_.cached,
    views=10,
    dataset=dict(**ms3, split='train', pipeline=[one_frame, *_base_.train_pipeline[1:]]),
)
silent_frames = dict(
    **_base_.cached,
    views=10,
    dataset=dict(**ms3, split='train', audio_from='disjoint', pipeline=[one_frame, *_base_.negative_pipeline[1:]]),
)
train_dataloader = dict(
    dataset=dict(
        datasets=[
            *_base_.train_dataloader.dataset.datasets,
            dict(type='RepeatDataset', times=12, dataset=frames),
            dict(type='RepeatDataset', times=4, dataset=silent_frames),
        ]
    )
)
conditions = dict(
    _delete_=True,
    s4=dict(),
    s4_shuffled=dict(dataset=dict(audio_from='disjoint')),
    ms3=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/Multi-sources')),
    ms3_shuffled=dict(
        dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/Multi-sources', audio_from='disjoint')
    ),
    spatial=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/spatial')),
    temporal=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/temporal')),
)
